package dev.pooler.core.console;

import dev.pooler.core.config.Address;
import dev.pooler.core.config.DatabaseConfig;
import dev.pooler.core.config.QuotaConfig;
import dev.pooler.core.config.TcpAddress;
import dev.pooler.core.config.UnixAddress;
import dev.pooler.core.pool.LeasePool;
import dev.pooler.core.session.Session;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Rows of POOLS, DATABASES, USERS, LISTS, STATE and CONFIG: what is known without asking sessions.
 */
final class PoolRows {
  private final Operations server;
  private final Pauses pauses;

  PoolRows(Operations server, Pauses pauses) {
    this.server = server;
    this.pauses = pauses;
  }

  List<List<@Nullable Object>> pools() {
    List<List<@Nullable Object>> rows = new ArrayList<>();
    for (ConsolePool one : sorted()) {
      LeasePool pool = one.pool();
      int leased = leased(pool);
      int waiting = sessions(session -> of(session, pool) && waits(session));
      Duration longest = pool.longestWait();
      rows.add(
          row(
              pool.key().name(),
              pool.key().user(),
              // As PgBouncer counts: whoever doesn't wait is active, with a backend or without.
              sessions(session -> of(session, pool)) - waiting,
              waiting,
              0,
              0,
              leased,
              0,
              0,
              Math.max(0, one.backends().size() - leased),
              0,
              0,
              one.connecting(),
              (int) longest.toSeconds(),
              longest.toNanosPart() / 1_000,
              pool.limits().mode().word(),
              balance(one.database())));
    }
    return rows;
  }

  List<List<@Nullable Object>> databases() {
    List<List<@Nullable Object>> rows = new ArrayList<>();
    Set<String> shown = new LinkedHashSet<>();
    for (DatabaseConfig database : server.config().databases().values()) {
      shown.add(database.name());
      rows.add(database(database.name(), database));
    }
    for (ConsolePool pool : sorted()) {
      if (shown.add(pool.pool().key().name())) {
        rows.add(database(pool.pool().key().name(), pool.database()));
      }
    }
    return rows;
  }

  private List<@Nullable Object> database(String name, DatabaseConfig database) {
    int open =
        server.pools().stream()
            .filter(pool -> pool.pool().key().name().equals(name))
            .mapToInt(pool -> pool.backends().size())
            .sum();
    return row(
        name,
        String.join(",", database.hosts().stream().map(PoolRows::host).toList()),
        port(database.hosts().getFirst()),
        database.database() == null ? name : database.database(),
        database.user(),
        database.pool().size(),
        database.pool().minIdle(),
        database.pool().reserve().size(),
        (int) database.pool().maxLifetime().toSeconds(),
        database.pool().mode().word(),
        balance(database),
        database.quota().backends(),
        open,
        database.quota().clients(),
        server.limits().clientsOfDatabase(name),
        pauses.covers(name) ? 1 : 0,
        0);
  }

  List<List<@Nullable Object>> users() {
    Set<String> names = new TreeSet<>(server.config().users().keySet());
    names.addAll(server.limits().users());
    server.pools().forEach(pool -> names.add(pool.pool().key().user()));
    List<List<@Nullable Object>> rows = new ArrayList<>();
    for (String name : names) {
      int open =
          server.pools().stream()
              .filter(pool -> pool.pool().key().user().equals(name))
              .mapToInt(pool -> pool.backends().size())
              .sum();
      QuotaConfig quota = server.config().userQuota(name);
      int clients = server.limits().clientsOfUser(name);
      rows.add(row(name, "", "", null, quota.backends(), open, quota.clients(), clients));
    }
    return rows;
  }

  List<List<@Nullable Object>> lists() {
    int backends = server.pools().stream().mapToInt(pool -> pool.backends().size()).sum();
    int open = server.sessions().size();
    int connected = server.limits().openSessions();
    return List.of(
        row("databases", databases().size()),
        row("users", users().size()),
        row("peers", 0),
        row("pools", server.pools().size()),
        row("peer_pools", 0),
        row("free_clients", server.limits().clients() - connected),
        row("used_clients", open),
        row("login_clients", sessions(session -> session.state() == Session.State.LOGIN)),
        row("free_servers", 0),
        row("used_servers", backends),
        row("dns_names", 0),
        row("dns_zones", 0),
        row("dns_queries", 0),
        row("dns_pending", 0));
  }

  List<List<@Nullable Object>> state() {
    boolean paused = pauses.all();
    return List.of(
        row("active", paused ? "no" : "yes"),
        row("paused", paused ? "yes" : "no"),
        row("suspended", "no"));
  }

  List<List<@Nullable Object>> config() {
    List<List<@Nullable Object>> rows = new ArrayList<>();
    for (Operations.Setting setting : server.settings()) {
      rows.add(
          row(
              setting.key(),
              setting.value(),
              setting.fallback(),
              setting.changeable() ? "yes" : "no"));
    }
    return rows;
  }

  static List<@Nullable Object> row(@Nullable Object... values) {
    return Arrays.asList(values);
  }

  private List<ConsolePool> sorted() {
    Collection<? extends ConsolePool> pools = server.pools();
    List<ConsolePool> sorted = new ArrayList<>(pools);
    sorted.sort(Comparator.comparing(pool -> pool.pool().key().toString()));
    return sorted;
  }

  private int sessions(Predicate<Session> which) {
    return (int) server.sessions().all().stream().filter(which).count();
  }

  private static boolean of(Session session, LeasePool pool) {
    return session.pool().equals(pool.key());
  }

  private static boolean waits(Session session) {
    return session.state() == Session.State.WAITING || session.state() == Session.State.LOGIN;
  }

  private static int leased(LeasePool pool) {
    return Math.max(0, pool.heldBackends() - pool.idleBackends());
  }

  /** PgBouncer's word for targets that are tried in order; nothing where there is but one. */
  private static @Nullable String balance(DatabaseConfig database) {
    return database.hosts().size() > 1 ? "disable" : null;
  }

  private static String host(Address address) {
    return switch (address) {
      case TcpAddress tcp -> tcp.host();
      case UnixAddress unix -> String.valueOf(unix.path().getParent());
    };
  }

  /** A Unix socket's name ends with a port, by libpq's rule. */
  private static int port(Address address) {
    return switch (address) {
      case TcpAddress tcp -> tcp.port();
      case UnixAddress unix -> {
        String name = unix.path().toString();
        String port = name.substring(name.lastIndexOf('.') + 1);
        yield port.matches("[0-9]{1,5}") ? Integer.parseInt(port) : 0;
      }
    };
  }
}
