package dev.pooler.postgres.backend;

import dev.pooler.core.config.ClientTls;
import dev.pooler.core.config.TlsMode;
import dev.pooler.core.protocol.Transport;
import dev.pooler.postgres.listen.Speakers;
import io.netty.handler.ssl.SslContext;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A host to connect backends to, and how.
 *
 * @param address a Unix socket, or an unresolved host and port: names are looked up at each connect
 * @param tlsContext gives null where TLS is disabled; never used on a Unix socket
 * @param numbers as they are at the moment
 * @param speakers who speaks on which backend
 */
record PgTarget(
    SocketAddress address,
    ClientTls rules,
    Supplier<@Nullable SslContext> tlsContext,
    Supplier<BackendNumbers> numbers,
    Transport transport,
    Speakers speakers) {

  Duration connectTimeout() {
    return numbers.get().connectTimeout();
  }

  int preparedStatements() {
    return numbers.get().preparedStatements();
  }

  boolean isUnix() {
    return Transport.isUnix(address);
  }

  TlsMode tls() {
    return rules.mode();
  }

  /** The TLS context to ask the server for, or null for none. */
  @Nullable SslContext context() {
    return isUnix() || tls() == TlsMode.DISABLE ? null : tlsContext.get();
  }

  /** Host name for SNI and verification. */
  String host() {
    return address instanceof InetSocketAddress inet ? inet.getHostString() : "localhost";
  }

  int port() {
    return address instanceof InetSocketAddress inet ? inet.getPort() : 0;
  }

  @Override
  public String toString() {
    return address instanceof InetSocketAddress inet
        ? inet.getHostString() + ":" + inet.getPort()
        : "unix:" + address;
  }
}
