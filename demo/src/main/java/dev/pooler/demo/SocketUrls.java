package dev.pooler.demo;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * JDBC URLs that reach a server through its Unix socket; the drivers know TCP only and take
 * junixsocket's factories.
 */
final class SocketUrls {
  private SocketUrls() {}

  /** For pgjdbc; host and port are ignored. */
  static String postgres(Path socket, String database) {
    return "jdbc:postgresql://localhost/%s?socketFactory=org.newsclub.net.unix.AFUNIXSocketFactory$FactoryArg&socketFactoryArg=%s&user=%s"
        .formatted(database, encoded(socket), DemoPlan.USER);
  }

  /** For Connector/J; TLS inside a Unix socket protects nothing. */
  static String mysql(Path socket, String database) {
    return "jdbc:mysql://localhost/%s?socketFactory=org.newsclub.net.mysql.AFUNIXDatabaseSocketFactoryCJ&junixsocket.file=%s&user=root&sslMode=DISABLED"
        .formatted(database, encoded(socket));
  }

  private static String encoded(Path socket) {
    return URLEncoder.encode(socket.toString(), StandardCharsets.UTF_8)
        .replace("%2F", "/")
        .replace("+", "%20");
  }
}
