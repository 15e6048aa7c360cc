package dev.pooler.core.config;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * TLS towards a target, where we are the client. Not used on Unix sockets.
 *
 * @param ca PEM file of trusted certificates, or null for the JDK's
 * @param cert PEM file of our own certificate, with {@code key}, or null
 */
public record ClientTls(
    TlsMode mode,
    @Nullable Path ca,
    @Nullable Path cert,
    @Nullable Path key,
    TlsStart start,
    ChannelBinding binding) {

  /** As PostgreSQL's clients begin it unless told otherwise. */
  public ClientTls(TlsMode mode, @Nullable Path ca, @Nullable Path cert, @Nullable Path key) {
    this(mode, ca, cert, key, TlsStart.POSTGRES, ChannelBinding.PREFER);
  }

  public static final ClientTls PREFER = new ClientTls(TlsMode.PREFER, null, null, null);
}
