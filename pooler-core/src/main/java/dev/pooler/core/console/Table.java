package dev.pooler.core.console;

import static dev.pooler.core.console.Column.integer;
import static dev.pooler.core.console.Column.numeric;
import static dev.pooler.core.console.Column.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What SHOW can show. Names, order and types of the columns are those of PgBouncer 1.26 (admin.c,
 * stats.c), because exporters and dashboards know them; PINS is ours.
 */
public enum Table {
  CLIENTS(sockets()),
  CONFIG(List.of(text("key"), text("value"), text("default"), text("changeable"))),
  DATABASES(
      List.of(
          text("name"),
          text("host"),
          integer("port"),
          text("database"),
          text("force_user"),
          integer("pool_size"),
          integer("min_pool_size"),
          integer("reserve_pool_size"),
          integer("server_lifetime"),
          text("pool_mode"),
          text("load_balance_hosts"),
          integer("max_connections"),
          integer("current_connections"),
          integer("max_client_connections"),
          integer("current_client_connections"),
          integer("paused"),
          integer("disabled"))),
  LISTS(List.of(text("list"), integer("items"))),
  MEM(
      List.of(
          text("name"), integer("size"), integer("used"), integer("free"), integer("memtotal"))),
  PINS(
      List.of(
          integer("session"),
          text("user"),
          text("database"),
          text("reason"),
          text("since"),
          integer("seconds"),
          integer("backend"),
          text("statement"))),
  POOLS(
      List.of(
          text("database"),
          text("user"),
          integer("cl_active"),
          integer("cl_waiting"),
          integer("cl_active_cancel_req"),
          integer("cl_waiting_cancel_req"),
          integer("sv_active"),
          integer("sv_active_cancel"),
          integer("sv_being_canceled"),
          integer("sv_idle"),
          integer("sv_used"),
          integer("sv_tested"),
          integer("sv_login"),
          integer("maxwait"),
          integer("maxwait_us"),
          text("pool_mode"),
          text("load_balance_hosts"))),
  SERVERS(sockets()),
  STATE(List.of(text("key"), text("value"))),
  STATS(stats("total_", "received", "sent", "avg_")),
  STATS_AVERAGES(counters("", "bytes_received", "bytes_sent", "avg_")),
  STATS_TOTALS(counters("", "bytes_received", "bytes_sent", "")),
  USERS(
      List.of(
          text("name"),
          text("pool_size"),
          text("reserve_pool_size"),
          text("pool_mode"),
          integer("max_user_connections"),
          integer("current_connections"),
          integer("max_user_client_connections"),
          integer("current_client_connections"))),
  VERSION(List.of(text("version")));

  @SuppressWarnings("ImmutableEnumChecker") // List.of makes it
  private final List<Column> columns;

  Table(List<Column> columns) {
    this.columns = columns;
  }

  public List<Column> columns() {
    return columns;
  }

  /** Whether only {@link Rights#ADMIN} may see it: statements are in it. */
  boolean confidential() {
    return this == PINS;
  }

  static @Nullable Table find(String word) {
    String upper = word.toUpperCase(Locale.ROOT);
    for (Table table : values()) {
      if (table.name().equals(upper)) {
        return table;
      }
    }
    return null;
  }

  private static List<Column> sockets() {
    return List.of(
        text("type"),
        text("user"),
        text("database"),
        text("replication"),
        text("state"),
        text("addr"),
        integer("port"),
        text("local_addr"),
        integer("local_port"),
        text("connect_time"),
        text("request_time"),
        integer("wait"),
        integer("wait_us"),
        integer("close_needed"),
        text("ptr"),
        text("link"),
        integer("remote_pid"),
        text("tls"),
        text("application_name"),
        integer("prepared_statements"),
        integer("id"));
  }

  private static List<Column> stats(String total, String received, String sent, String avg) {
    List<Column> all = new ArrayList<>(counters(total, total + received, total + sent, total));
    all.addAll(counters(avg, avg + "recv", avg + sent, avg).subList(1, 13));
    return List.copyOf(all);
  }

  /** The last four have a prefix of their own: in STATS_AVERAGES they are named {@code avg_}. */
  private static List<Column> counters(String prefix, String received, String sent, String last) {
    return List.of(
        text("database"),
        numeric(prefix + "server_assignment_count"),
        numeric(prefix + "xact_count"),
        numeric(prefix + "query_count"),
        numeric(received),
        numeric(sent),
        numeric(prefix + "xact_time"),
        numeric(prefix + "query_time"),
        numeric(prefix + "wait_time"),
        numeric(last + "client_parse_count"),
        numeric(last + "server_parse_count"),
        numeric(last + "bind_count"),
        numeric(last + "client_login_count"));
  }
}
