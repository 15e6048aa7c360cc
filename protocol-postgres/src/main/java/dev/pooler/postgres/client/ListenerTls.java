package dev.pooler.postgres.client;

import dev.pooler.core.config.ServerTls;
import dev.pooler.postgres.auth.EndPointBinding;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;

/** TLS of one listener. Safe for all threads. */
public final class ListenerTls {
  static final String ALPN = "postgresql";

  /**
   * libpq's asynchronous calls may leave the rest of a record unread that is larger than its
   * buffer, and then wait for the socket for ever. PostgreSQL's own records have at most this.
   */
  private static final int RECORD = 8 * 1024;

  private final SslContext context;
  private final byte @Nullable [] binding;

  private ListenerTls(SslContext context, byte @Nullable [] binding) {
    this.context = context;
    this.binding = binding;
  }

  /**
   * Reads the files.
   *
   * @throws IOException or CertificateException or IllegalArgumentException if one can't be used
   */
  public static ListenerTls of(ServerTls files) throws IOException, CertificateException {
    SslContextBuilder builder =
        SslContextBuilder.forServer(files.cert().toFile(), files.key().toFile())
            .applicationProtocolConfig(
                new ApplicationProtocolConfig(
                    ApplicationProtocolConfig.Protocol.ALPN,
                    ApplicationProtocolConfig.SelectorFailureBehavior.FATAL_ALERT,
                    ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                    ALPN));
    if (files.ca() != null) {
      // Who shows none is told so in words, after the handshake.
      builder.trustManager(files.ca().toFile()).clientAuth(ClientAuth.OPTIONAL);
    }
    try (InputStream in = Files.newInputStream(files.cert())) {
      byte[] binding =
          EndPointBinding.of(CertificateFactory.getInstance("X.509").generateCertificate(in));
      return new ListenerTls(builder.build(), binding);
    }
  }

  SslHandler handler(ByteBufAllocator buffers) {
    SslHandler handler = context.newHandler(buffers);
    handler.setWrapDataSize(RECORD);
    return handler;
  }

  /** What SCRAM can be bound to, or null. */
  byte @Nullable [] binding() {
    return binding;
  }

  /** What the client has shown, checked; or null. */
  static @Nullable X509Certificate shown(@Nullable SslHandler tls) {
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
