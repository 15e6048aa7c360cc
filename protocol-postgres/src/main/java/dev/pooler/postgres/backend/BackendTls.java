package dev.pooler.postgres.backend;

import dev.pooler.core.config.Address;
import dev.pooler.core.config.ClientTls;
import dev.pooler.core.config.DatabaseConfig;
import dev.pooler.core.config.TcpAddress;
import dev.pooler.core.config.TlsMode;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * TLS towards servers, with libpq's meanings: {@code prefer} and {@code require} encrypt and check
 * nothing, {@code verify-ca} checks who signed the certificate, {@code verify-full} also whose name
 * it bears.
 */
final class BackendTls {
  private BackendTls() {}

  /**
   * The context for a database's hosts, or null where none of them is reached by TLS.
   *
   * @throws IllegalArgumentException if a certificate or key can't be used
   */
  static @Nullable SslContext context(DatabaseConfig database) {
    ClientTls tls = database.tls();
    boolean network = false;
    for (Address host : database.hosts()) {
      network |= host instanceof TcpAddress;
    }
    if (!network || tls.mode() == TlsMode.DISABLE) {
      return null;
    }
    try {
      // The default endpoint check of Netty is the mode's business here: see TlsNegotiation.
      SslContextBuilder builder =
          SslContextBuilder.forClient().endpointIdentificationAlgorithm(null);
      // As libpq since 17 does; a server that knows no ALPN ignores it.
      builder.applicationProtocolConfig(
          new ApplicationProtocolConfig(
              ApplicationProtocolConfig.Protocol.ALPN,
              ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
              ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
              TlsNegotiation.ALPN));
      if (tls.mode() == TlsMode.PREFER || tls.mode() == TlsMode.REQUIRE) {
        builder.trustManager(InsecureTrustManagerFactory.INSTANCE);
      } else if (tls.ca() != null) {
        builder.trustManager(tls.ca().toFile());
      }
      if (tls.cert() != null && tls.key() != null) {
        builder.keyManager(tls.cert().toFile(), tls.key().toFile());
      }
      return builder.build();
    } catch (SSLException | IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "databases." + database.name() + ".tls can't be used: " + e.getMessage(), e);
    }
  }
}
