package dev.pooler.core.protocol;

import dev.pooler.core.config.ListenerConfig;
import dev.pooler.core.config.ServerTls;
import dev.pooler.core.config.UnixAddress;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;

/** TLS of one listener. Safe for all threads. */
public final class ListenerTls {
  /**
   * libpq's asynchronous calls may leave the rest of a record unread that is larger than its
   * buffer, and then wait for the socket for ever. PostgreSQL's own records have at most this.
   */
  private static final int RECORD = 8 * 1024;

  private final SslContext context;
  private final X509Certificate certificate;

  private ListenerTls(SslContext context, X509Certificate certificate) {
    this.context = context;
    this.certificate = certificate;
  }

  /**
   * Reads the files of a listener; null where it offers no TLS.
   *
   * @param alpn the one protocol that clients may name (RFC 7301), or null where none has a name
   * @throws IllegalArgumentException if one can't be used; the text says which and what to do
   */
  static @Nullable ListenerTls of(ListenerConfig listener, @Nullable String alpn) {
    // As PostgreSQL: nobody listens in on a Unix socket.
    ServerTls files = listener.address() instanceof UnixAddress ? null : listener.tls();
    return files == null ? null : read(files, "listen " + listener.address() + ": tls", alpn);
  }

  private static ListenerTls read(ServerTls files, String key, @Nullable String alpn) {
    try {
      PemFile.Identity ours =
          new PemFile(key + ".cert", files.cert()).with(new PemFile(key + ".key", files.key()));
      SslContextBuilder builder = SslContextBuilder.forServer(ours.key(), ours.chain());
      if (alpn != null) {
        builder.applicationProtocolConfig(
            new ApplicationProtocolConfig(
                ApplicationProtocolConfig.Protocol.ALPN,
                ApplicationProtocolConfig.SelectorFailureBehavior.FATAL_ALERT,
                ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                alpn));
      }
      if (files.ca() != null) {
        // Who shows none is told so in words, after the handshake.
        builder
            .trustManager(new PemFile(key + ".ca", files.ca()).certificates())
            .clientAuth(ClientAuth.OPTIONAL);
      }
      return new ListenerTls(builder.build(), ours.chain().getFirst());
    } catch (SSLException e) {
      throw new IllegalArgumentException(key + " can't be used: " + e.getMessage(), e);
    }
  }

  /** For one connection; its handshake begins with the client's first bytes. */
  public SslHandler handler(ByteBufAllocator buffers) {
    SslHandler handler = context.newHandler(buffers);
    handler.setWrapDataSize(RECORD);
    return handler;
  }

  /** What clients are shown. */
  public X509Certificate certificate() {
    return certificate;
  }

  /** What the client has shown, checked; or null. */
  public static @Nullable X509Certificate shown(@Nullable SslHandler tls) {
    if (tls == null) {
      return null;
    }
    try {
      return tls.engine().getSession().getPeerCertificates()[0] instanceof X509Certificate shown
          ? shown
          : null;
    } catch (SSLPeerUnverifiedException e) {
      return null;
    }
  }
}
