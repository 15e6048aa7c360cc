package dev.pooler.core.protocol;

import dev.pooler.core.config.Address;
import dev.pooler.core.config.ClientTls;
import dev.pooler.core.config.DatabaseConfig;
import dev.pooler.core.config.TcpAddress;
import dev.pooler.core.config.TlsMode;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * TLS towards servers, with libpq's meanings: {@code prefer} and {@code require} encrypt and check
 * nothing, {@code verify-ca} checks who signed the certificate, {@code verify-full} also whose name
 * it bears.
 *
 * <p>The files of all databases are read at the start and with each reload: what connects from then
 * on uses what was read last, pools that stay included. Safe for all threads.
 */
public final class BackendTls {
  /** Of rules that name files; who has a reference keeps it when its rules are no more. */
  private volatile Map<ClientTls, AtomicReference<SslContext>> known = Map.of();

  private final @Nullable String alpn;

  /**
   * Nothing read yet.
   *
   * @param alpn the protocol that is offered to servers (RFC 7301), or null for none
   */
  public BackendTls(@Nullable String alpn) {
    this.alpn = alpn;
  }

  /**
   * Reads the files of these databases, and changes nothing before the result is run.
   *
   * @throws IllegalArgumentException if one can't be used; the text says which and what to do
   */
  public Runnable read(Collection<DatabaseConfig> databases) {
    Map<ClientTls, SslContext> read = new HashMap<>();
    for (DatabaseConfig database : databases) {
      ClientTls rules = database.tls();
      if (isUsed(database) && namesFiles(rules) && !read.containsKey(rules)) {
        read.put(rules, context(database));
      }
    }
    return () -> {
      Map<ClientTls, AtomicReference<SslContext>> before = known;
      Map<ClientTls, AtomicReference<SslContext>> now = new HashMap<>();
      read.forEach((rules, context) -> {
        AtomicReference<SslContext> latest = before.get(rules);
        if (latest == null) {
          latest = new AtomicReference<>(context);
        } else {
          latest.set(context);
        }
        now.put(rules, latest);
      });
      known = now;
    };
  }

  /**
   * Gives the context for a database's hosts as it is when it is asked, or null where none of them
   * is reached by TLS.
   */
  public Supplier<@Nullable SslContext> of(DatabaseConfig database) {
    if (!isUsed(database)) {
      return () -> null;
    }
    AtomicReference<SslContext> latest = known.get(database.tls());
    if (latest != null) {
      return latest::get;
    }
    SslContext context = context(database); // names no file, or is about to be replaced
    return () -> context;
  }

  private static boolean isUsed(DatabaseConfig database) {
    boolean network = false;
    for (Address host : database.hosts()) {
      network |= host instanceof TcpAddress;
    }
    return network && database.tls().mode() != TlsMode.DISABLE;
  }

  private static boolean namesFiles(ClientTls rules) {
    return rules.ca() != null || rules.cert() != null;
  }

  private SslContext context(DatabaseConfig database) {
    ClientTls tls = database.tls();
    String key = "databases." + database.name() + ".tls";
    try {
      // The default endpoint check of Netty is the mode's business here.
      SslContextBuilder builder =
          SslContextBuilder.forClient().endpointIdentificationAlgorithm(null);
      if (alpn != null) { // a server that knows no ALPN ignores it
        builder.applicationProtocolConfig(
            new ApplicationProtocolConfig(
                ApplicationProtocolConfig.Protocol.ALPN,
                ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                alpn));
      }
      if (!tls.mode().verifies()) {
        builder.trustManager(InsecureTrustManagerFactory.INSTANCE);
      } else if (tls.ca() != null) {
        builder.trustManager(new PemFile(key + ".ca", tls.ca()).certificates());
      }
      if (tls.cert() != null && tls.key() != null) {
        PemFile.Identity ours =
            new PemFile(key + ".cert", tls.cert()).with(new PemFile(key + ".key", tls.key()));
        builder.keyManager(ours.key(), ours.chain());
      }
      return builder.build();
    } catch (SSLException e) {
      throw new IllegalArgumentException(key + " can't be used: " + e.getMessage(), e);
    }
  }
}
