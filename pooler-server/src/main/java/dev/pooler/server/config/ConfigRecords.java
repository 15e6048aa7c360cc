package dev.pooler.server.config;

import dev.pooler.core.config.Address;
import dev.pooler.core.config.AdminConfig;
import dev.pooler.core.config.Auth;
import dev.pooler.core.config.AuthQueryConfig;
import dev.pooler.core.config.ChannelBinding;
import dev.pooler.core.config.ClientTls;
import dev.pooler.core.config.DatabaseConfig;
import dev.pooler.core.config.FileMode;
import dev.pooler.core.config.HttpConfig;
import dev.pooler.core.config.IoConfig;
import dev.pooler.core.config.LimitsConfig;
import dev.pooler.core.config.ListenGap;
import dev.pooler.core.config.ListenerConfig;
import dev.pooler.core.config.PinPolicy;
import dev.pooler.core.config.PinsConfig;
import dev.pooler.core.config.PoolConfig;
import dev.pooler.core.config.PoolMode;
import dev.pooler.core.config.PoolerConfig;
import dev.pooler.core.config.Protocol;
import dev.pooler.core.config.QuotaConfig;
import dev.pooler.core.config.ReplicationConfig;
import dev.pooler.core.config.ReserveConfig;
import dev.pooler.core.config.Secret;
import dev.pooler.core.config.ServerTls;
import dev.pooler.core.config.TcpAddress;
import dev.pooler.core.config.TimeoutsConfig;
import dev.pooler.core.config.TlsMode;
import dev.pooler.core.config.TlsStart;
import dev.pooler.core.config.Transport;
import dev.pooler.core.config.UserConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Makes the records of a tree without errors. */
final class ConfigRecords {
  private final Path directory;

  private ConfigRecords(Path directory) {
    this.directory = directory;
  }

  /**
   * @param directory what relative paths are relative to
   */
  static PoolerConfig of(Section root, Path directory) {
    ConfigRecords records = new ConfigRecords(directory);
    Section limits = root.section("limits");
    Section io = root.section("io");
    QuotaConfig ofUsers =
        new QuotaConfig(number(limits, "user-clients"), number(limits, "user-backends"));
    return new PoolerConfig(
        root.sections("listen").stream().map(records::listener).toList(),
        records.http(root.section("http")),
        records.databases(root.named("databases")),
        new LimitsConfig(
            number(limits, "clients"),
            limits.get("memory", Long.class),
            limits.get("session-memory", Long.class),
            time(limits, "drain"),
            ofUsers),
        new IoConfig(
            word(io, "transport", Transport.values(), Transport::word), number(io, "event-loops")),
        records.users(root.sections("users"), ofUsers),
        admin(root.find("admin", Section.class)));
  }

  private static AdminConfig admin(@Nullable Section admin) {
    return admin == null
        ? AdminConfig.NONE
        : new AdminConfig(
            texts(admin, "users"),
            texts(admin, "stats-users"),
            admin.get("sockets", Boolean.class));
  }

  private static List<String> texts(Section section, String key) {
    List<?> texts = section.find(key, List.class);
    return texts == null ? List.of() : texts.stream().map(String.class::cast).toList();
  }

  private ListenerConfig listener(Section listener) {
    Map<Integer, String> uids = new LinkedHashMap<>();
    if (listener.find("allow-uids", Object.class) instanceof Map<?, ?> map) {
      map.forEach((uid, user) -> uids.put((Integer) uid, (String) user));
    }
    Section tls = listener.find("tls", Section.class);
    return new ListenerConfig(
        word(listener, "protocol", Protocol.values(), Protocol::word),
        listener.get("address", Address.class),
        listener.get("mode", FileMode.class),
        find(Combinations.authOf(listener), Auth.values(), Auth::word),
        uids,
        tls == null
            ? null
            : new ServerTls(resolve(tls, "cert"), resolve(tls, "key"), find(tls, "ca")));
  }

  private @Nullable HttpConfig http(Section http) {
    return http.get("address", Object.class) instanceof TcpAddress tcp
        ? new HttpConfig(tcp, secret(http, "token"))
        : null;
  }

  private Map<String, DatabaseConfig> databases(Map<String, Section> sections) {
    Map<String, DatabaseConfig> databases = new LinkedHashMap<>();
    sections.forEach((name, section) -> databases.put(name, database(name, section)));
    return databases;
  }

  private DatabaseConfig database(String name, Section database) {
    List<?> hosts = database.get("hosts", List.class);
    return new DatabaseConfig(
        name,
        word(database, "protocol", Protocol.values(), Protocol::word),
        hosts.stream().map(Address.class::cast).toList(),
        database.find("database", String.class),
        database.find("user", String.class),
        secret(database, "password"),
        tls(database.section("tls")),
        pool(database.section("pool")),
        timeouts(database.section("timeouts")),
        authQuery(name, database),
        quota(database.section("limits"), QuotaConfig.NONE),
        database.get("trust-functions", Boolean.class),
        word(database, "listen-gap", ListenGap.values(), ListenGap::word),
        replication(database));
  }

  private static ReplicationConfig replication(Section database) {
    Boolean written = database.find("replication", Boolean.class);
    boolean ownUser = database.find("user", String.class) == null;
    return new ReplicationConfig(
        written != null ? written : ownUser, number(database.section("pool"), "replication-size"));
  }

  private @Nullable AuthQueryConfig authQuery(String name, Section database) {
    String user = database.find("auth-user", String.class);
    if (user == null) {
      return null;
    }
    String written = database.find("auth-database", String.class);
    String own = database.find("database", String.class);
    String entrys = name.equals(DatabaseConfig.ANY) ? "postgres" : name;
    return new AuthQueryConfig(
        user,
        secret(database, "auth-password"),
        written != null ? written : own != null ? own : entrys,
        database.get("auth-query", String.class));
  }

  private ClientTls tls(Section tls) {
    return new ClientTls(
        word(tls, "mode", TlsMode.values(), TlsMode::word),
        find(tls, "ca"),
        find(tls, "cert"),
        find(tls, "key"),
        word(tls, "negotiation", TlsStart.values(), TlsStart::word),
        word(tls, "channel-binding", ChannelBinding.values(), ChannelBinding::word));
  }

  private static QuotaConfig quota(@Nullable Section limits, QuotaConfig otherwise) {
    if (limits == null) {
      return otherwise;
    }
    Integer clients = limits.find("clients", Integer.class);
    Integer backends = limits.find("backends", Integer.class);
    return new QuotaConfig(
        clients == null ? otherwise.clients() : clients,
        backends == null ? otherwise.backends() : backends);
  }

  private static PinsConfig pins(Section pool) {
    Section pins = pool.section("pins");
    Map<String, PinPolicy> policies = new LinkedHashMap<>();
    for (Key key : pins.keys()) {
      PinPolicy policy = word(pins, key.name(), PinPolicy.values(), PinPolicy::word);
      if (policy != PinPolicy.PIN) {
        policies.put(key.name().replace('-', '_'), policy);
      }
    }
    return new PinsConfig(policies, pool.get("pin-notice", Boolean.class));
  }

  private static PoolConfig pool(Section pool) {
    return new PoolConfig(
        word(pool, "mode", PoolMode.values(), PoolMode::word),
        number(pool, "size"),
        number(pool, "min-idle"),
        time(pool, "max-wait"),
        time(pool, "max-lifetime"),
        time(pool, "idle-timeout"),
        time(pool, "keepalive"),
        time(pool, "leak-after"),
        number(pool, "prepared-statements"),
        pool.get("cache-unnamed-statements", Boolean.class),
        new ReserveConfig(number(pool, "reserve-size"), time(pool, "reserve-after")),
        time(pool, "queue-notice"),
        pins(pool));
  }

  private static TimeoutsConfig timeouts(Section timeouts) {
    return new TimeoutsConfig(
        time(timeouts, "connect"),
        time(timeouts, "login"),
        time(timeouts, "statement"),
        time(timeouts, "idle-in-transaction"),
        time(timeouts, "client-idle"));
  }

  private Map<String, UserConfig> users(List<Section> sections, QuotaConfig otherwise) {
    Map<String, UserConfig> users = new LinkedHashMap<>();
    for (Section user : sections) {
      String name = user.get("name", String.class);
      users.put(
          name,
          new UserConfig(
              name,
              user.find("verifier", String.class),
              secret(user, "password"),
              quota(user.find("limits", Section.class), otherwise)));
    }
    return users;
  }

  private @Nullable Secret secret(Section section, String key) {
    Secret secret = section.find(key, Secret.class);
    return secret instanceof Secret.FromFile file
        ? new Secret.FromFile(directory.resolve(file.path()))
        : secret;
  }

  private Path resolve(Section section, String key) {
    return directory.resolve(section.get(key, Path.class));
  }

  private @Nullable Path find(Section section, String key) {
    Path path = section.find(key, Path.class);
    return path == null ? null : directory.resolve(path);
  }

  private static int number(Section section, String key) {
    return section.get(key, Integer.class);
  }

  private static Duration time(Section section, String key) {
    return section.get(key, Duration.class);
  }

  private static <E extends Enum<E>> E word(
      Section section, String key, E[] values, Function<E, String> word) {
    return find(section.get(key, String.class), values, word);
  }

  private static <E extends Enum<E>> E find(String text, E[] values, Function<E, String> word) {
    for (E value : values) {
      if (word.apply(value).equals(text)) {
        return value;
      }
    }
    throw new IllegalStateException("the table has a word without a constant: " + text);
  }
}
