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
import dev.pooler.core.protocol.PemFile;
import dev.pooler.server.config.ConfigProblem;
import dev.pooler.server.config.SecretSource;
import dev.pooler.server.io.SocketListener;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * Tries what a configuration names: directories of sockets, host names, secrets, files of
 * certificates, and targets on demand. Blocks.
 */
final class ConfigTrial {
  private final SecretSource secrets;
  private final BiFunction<String, String, ConfigProblem> problem;
  private final List<ConfigProblem> failures = new ArrayList<>();

  /**
   * A trial of one file.
   *
   * @param problem knows where a path stands in it
   */
  ConfigTrial(SecretSource secrets, BiFunction<String, String, ConfigProblem> problem) {
    this.secrets = secrets;
    this.problem = problem;
  }

  /**
   * Returns all failures.
   *
   * @param connect whether to open a connection to each target, within its connect timeout, and
   *     close it again
   */
  List<ConfigProblem> failures(PoolerConfig config, boolean connect) {
    for (int i = 0; i < config.listen().size(); i++) {
      listener("listen[" + i + "]", config.listen().get(i));
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
    if (listener.address() instanceof UnixAddress unix) {
      String trouble = SocketListener.trouble(unix.path());
      if (trouble != null) {
        failed(path + ".address", trouble);
      }
    }
    if (listener.tls() != null) {
      identity(path + ".tls", listener.tls().cert(), listener.tls().key());
      authorities(path + ".tls", listener.tls().ca());
    }
  }

  private void database(DatabaseConfig database, boolean connect) {
    String path = "databases." + database.name();
    secret(path + ".password", database.password());
    if (database.authQuery() != null) {
      secret(path + ".auth-password", database.authQuery().password());
    }
    ClientTls tls = database.tls();
    authorities(path + ".tls", tls.ca());
    identity(path + ".tls", tls.cert(), tls.key());
    for (Address host : database.hosts()) {
      try {
        reach(host, connect ? Math.toIntExact(database.timeouts().connect().toMillis()) : 0);
      } catch (UnknownHostException e) {
        failed(path + ".hosts", host + ": no such name");
      } catch (IOException e) {
        failed(path + ".hosts", host + ": " + e.getMessage());
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
      failed(path, unknown.reason());
    }
  }

  private void authorities(String path, @Nullable Path file) {
    if (file != null) {
      tried(() -> new PemFile(path + ".ca", file).certificates(), path + ".ca");
    }
  }

  private void identity(String path, @Nullable Path cert, @Nullable Path key) {
    if (cert != null && key != null) {
      PemFile ours = new PemFile(path + ".cert", cert);
      PemFile secret = new PemFile(path + ".key", key);
      tried(() -> ours.with(secret), ours.key(), secret.key());
    }
  }

  private void tried(Runnable reading, String... keys) {
    try {
      reading.run();
    } catch (IllegalArgumentException e) {
      String why = String.valueOf(e.getMessage());
      for (String key : keys) { // which the text begins with
        if (why.startsWith(key + ": ")) {
          failed(key, why.substring(key.length() + 2));
        }
      }
    }
  }

  private void failed(String path, String why) {
    failures.add(problem.apply(path, why));
  }
}
