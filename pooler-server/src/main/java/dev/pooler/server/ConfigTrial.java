package dev.pooler.server;

import dev.pooler.core.config.Address;
import dev.pooler.core.config.ClientTls;
import dev.pooler.core.config.DatabaseConfig;
import dev.pooler.core.config.ListenerConfig;
import dev.pooler.core.config.PoolerConfig;
import dev.pooler.core.config.Secret;
import dev.pooler.core.config.TcpAddress;
import dev.pooler.core.config.UnixAddress;
import dev.pooler.core.config.UserConfig;
import dev.pooler.server.config.SecretSource;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Tries what a configuration names: host names, secrets, files of certificates, and targets on
 * demand. Blocks.
 */
final class ConfigTrial {
  private final SecretSource secrets;
  private final List<String> failures = new ArrayList<>();

  ConfigTrial(SecretSource secrets) {
    this.secrets = secrets;
  }

  /**
   * Returns one line for each failure.
   *
   * @param connect whether to open a connection to each target, within its connect timeout, and
   *     close it again
   */
  List<String> failures(PoolerConfig config, boolean connect) {
    for (int i = 0; i < config.listen().size(); i++) {
      listener("listen[" + i + "].tls", config.listen().get(i));
    }
    if (config.http() != null) {
      secret("http.token", config.http().token());
    }
    config.databases().values().forEach(database -> database(database, connect));
    for (UserConfig user : config.users().values()) {
      secret("users." + user.name() + ".password", user.password());
    }
    return List.copyOf(failures);
  }

  private void listener(String path, ListenerConfig listener) {
    if (listener.tls() != null) {
      file(path + ".cert", listener.tls().cert());
      file(path + ".key", listener.tls().key());
    }
  }

  private void database(DatabaseConfig database, boolean connect) {
    String path = "databases." + database.name();
    secret(path + ".password", database.password());
    ClientTls tls = database.tls();
    file(path + ".tls.ca", tls.ca());
    file(path + ".tls.cert", tls.cert());
    file(path + ".tls.key", tls.key());
    for (Address host : database.hosts()) {
      try {
        reach(host, connect ? Math.toIntExact(database.timeouts().connect().toMillis()) : 0);
      } catch (UnknownHostException e) {
        failures.add(path + ".hosts: " + host + ": no such name");
      } catch (IOException e) {
        failures.add(path + ".hosts: " + host + ": " + e.getMessage());
      }
    }
  }

  /** Looks the name up and, with a timeout above 0, connects. */
  private static void reach(Address host, int connectMillis) throws IOException {
    switch (host) {
      case TcpAddress tcp -> {
        InetAddress address = InetAddress.getByName(tcp.host());
        if (connectMillis > 0) {
          try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(address, tcp.port()), connectMillis);
          }
        }
      }
      case UnixAddress unix -> {
        if (connectMillis > 0) {
          SocketChannel.open(UnixDomainSocketAddress.of(unix.path())).close();
        }
      }
    }
  }

  private void secret(String path, @Nullable Secret secret) {
    if (secret != null && secrets.get(secret) instanceof SecretSource.Unknown unknown) {
      failures.add(path + ": " + unknown.reason());
    }
  }

  private void file(String path, @Nullable Path file) {
    if (file != null && !Files.isReadable(file)) {
      failures.add(
          path + ": " + file + (Files.exists(file) ? " may not be read" : " does not exist"));
    }
  }
}
