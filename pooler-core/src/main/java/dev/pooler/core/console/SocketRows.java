package dev.pooler.core.console;

import static dev.pooler.core.console.PoolRows.row;

import dev.pooler.core.pool.Backend;
import dev.pooler.core.pool.BackendDetail;
import dev.pooler.core.session.Pin;
import dev.pooler.core.session.Session;
import dev.pooler.core.session.SessionDetail;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Rows of CLIENTS, SERVERS and PINS: one a socket, or one a pin. */
final class SocketRows {
  /** PgBouncer's form of a time. */
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss 'UTC'").withZone(ZoneOffset.UTC);

  private final Operations server;

  SocketRows(Operations server) {
    this.server = server;
  }

  List<List<@Nullable Object>> clients() {
    List<List<@Nullable Object>> rows = new ArrayList<>();
    for (SessionDetail session : details()) {
      SessionDetail.Connection socket = session.connection();
      rows.add(
          row(
              "C",
              session.user(),
              session.database(),
              session.pool().replication().word(),
              state(session),
              host(socket.remote()),
              port(socket.remote()),
              host(socket.local()),
              port(socket.local()),
              time(session.connected()),
              time(session.lastRequest()),
              (int) session.waited().toSeconds(),
              session.waited().toNanosPart() / 1_000,
              0,
              client(session.id()),
              session.backend() == null ? "" : backend(session.backend()),
              0,
              socket.tls() ? "TLS" : "",
              session.application(),
              session.preparedStatements(),
              number(session.id())));
    }
    return rows;
  }

  private static String state(SessionDetail session) {
    if (session.state() == Session.State.WAITING || session.state() == Session.State.LOGIN) {
      return "waiting";
    }
    return session.backend() == null ? "idle" : "active";
  }

  List<List<@Nullable Object>> servers() {
    Map<Long, SessionDetail> holders = new HashMap<>();
    for (SessionDetail session : details()) {
      Long backend = session.backend();
      if (backend != null) {
        holders.put(backend, session);
      }
    }
    List<List<@Nullable Object>> rows = new ArrayList<>();
    for (ConsolePool pool : server.pools()) {
      List<Backend> backends = new ArrayList<>(pool.backends());
      backends.sort(Comparator.comparingLong(Backend::id));
      for (Backend backend : backends) {
        rows.add(server(pool, backend.detail(), holders.get(backend.id())));
      }
    }
    return rows;
  }

  private static List<@Nullable Object> server(
      ConsolePool pool, BackendDetail backend, @Nullable SessionDetail holder) {
    String state = holder == null ? "idle" : holder.cancelling() ? "being_canceled" : "active";
    return row(
        "S",
        pool.pool().key().user(),
        pool.pool().key().name(),
        pool.pool().key().replication().word(),
        state,
        host(backend.remote()),
        port(backend.remote()),
        host(backend.local()),
        port(backend.local()),
        time(backend.connected()),
        time(holder == null ? backend.connected() : holder.lastRequest()),
        0,
        0,
        0,
        backend(backend.id()),
        holder == null ? "" : client(holder.id()),
        backend.serverId(),
        backend.tls() ? "TLS" : "",
        holder == null ? "" : holder.application(),
        backend.preparedStatements(),
        number(backend.id()));
  }

  List<List<@Nullable Object>> pins(Instant now) {
    List<List<@Nullable Object>> rows = new ArrayList<>();
    for (SessionDetail session : details()) {
      for (Pin pin : session.pins()) {
        rows.add(
            row(
                number(session.id()),
                session.user(),
                session.database(),
                pin.reason(),
                time(pin.since()),
                (int) Math.max(0, Duration.between(pin.since(), now).toSeconds()),
                session.backend() == null ? null : number(session.backend()),
                pin.statement()));
      }
    }
    return rows;
  }

  private List<SessionDetail> details() {
    return Portraits.of(server.sessions().all());
  }

  private static String time(Instant instant) {
    return TIME.format(instant);
  }

  /** In place of PgBouncer's pointers: what links a client to its backend, and back. */
  private static String client(long id) {
    return "c" + id;
  }

  private static String backend(long id) {
    return "s" + id;
  }

  /** PgBouncer's id is an int4 too. */
  private static Object number(long id) {
    return (int) id;
  }

  private static String host(@Nullable SocketAddress address) {
    return switch (address) {
      case null -> "";
      case InetSocketAddress inet ->
          inet.getAddress() == null ? inet.getHostString() : inet.getAddress().getHostAddress();
      default -> "unix";
    };
  }

  private static int port(@Nullable SocketAddress address) {
    return address instanceof InetSocketAddress inet ? inet.getPort() : 0;
  }
}
