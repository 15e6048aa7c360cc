package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.server.EmbeddedPostgres;
import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the console shows, and to whom. */
@Timeout(60)
class ConsoleTest {
  static final String DATABASES =
      """
      databases:
        postgres: {hosts: ["unix:${PG}"], user: postgres, pool: {size: 2, min-idle: 0, max-wait: 5s}}
        other: {hosts: ["unix:${PG}", "127.0.0.1:${PG_PORT}"], database: postgres, pool: {min-idle: 0}}
      admin: {users: [postgres], stats-users: [metrics]}
      """;

  /** Name and type, i for int4, N for numeric; read off PgBouncer 1.26's admin.c and stats.c. */
  private static final Map<String, String> COLUMNS =
      Map.of(
          "POOLS",
          "database,user,cl_active:i,cl_waiting:i,cl_active_cancel_req:i,cl_waiting_cancel_req:i,"
              + "sv_active:i,sv_active_cancel:i,sv_being_canceled:i,sv_idle:i,sv_used:i,sv_tested:i,"
              + "sv_login:i,maxwait:i,maxwait_us:i,pool_mode,load_balance_hosts",
          "CLIENTS",
          "type,user,database,replication,state,addr,port:i,local_addr,local_port:i,connect_time,"
              + "request_time,wait:i,wait_us:i,close_needed:i,ptr,link,remote_pid:i,tls,"
              + "application_name,prepared_statements:i,id:i",
          "DATABASES",
          "name,host,port:i,database,force_user,pool_size:i,min_pool_size:i,reserve_pool_size:i,"
              + "server_lifetime:i,pool_mode,load_balance_hosts,max_connections:i,"
              + "current_connections:i,max_client_connections:i,current_client_connections:i,"
              + "paused:i,disabled:i",
          "STATS",
          "database,total_server_assignment_count:N,total_xact_count:N,total_query_count:N,"
              + "total_received:N,total_sent:N,total_xact_time:N,total_query_time:N,"
              + "total_wait_time:N,total_client_parse_count:N,total_server_parse_count:N,"
              + "total_bind_count:N,total_client_login_count:N,avg_server_assignment_count:N,"
              + "avg_xact_count:N,avg_query_count:N,avg_recv:N,avg_sent:N,avg_xact_time:N,"
              + "avg_query_time:N,avg_wait_time:N,avg_client_parse_count:N,"
              + "avg_server_parse_count:N,avg_bind_count:N,avg_client_login_count:N",
          "STATS_TOTALS",
          "database,server_assignment_count:N,xact_count:N,query_count:N,bytes_received:N,"
              + "bytes_sent:N,xact_time:N,query_time:N,wait_time:N,client_parse_count:N,"
              + "server_parse_count:N,bind_count:N,client_login_count:N",
          "STATS_AVERAGES",
          "database,server_assignment_count:N,xact_count:N,query_count:N,bytes_received:N,"
              + "bytes_sent:N,xact_time:N,query_time:N,wait_time:N,avg_client_parse_count:N,"
              + "avg_server_parse_count:N,avg_bind_count:N,avg_client_login_count:N",
          "LISTS",
          "list,items:i",
          "USERS",
          "name,pool_size,reserve_pool_size,pool_mode,max_user_connections:i,"
              + "current_connections:i,max_user_client_connections:i,current_client_connections:i",
          "CONFIG",
          "key,value,default,changeable",
          "MEM",
          "name,size:i,used:i,free:i,memtotal:i");

  private EmbeddedPostgres server;
  private PoolerFixture pooler;
  private RawPgClient console;

  @BeforeEach
  void start() throws IOException {
    server = SharedServer.get();
    pooler = PoolerFixture.start(server, DATABASES);
    console = pooler.session("pooler");
  }

  @AfterEach
  void stop() throws IOException {
    console.close();
    pooler.close();
  }

  @Test
  void theColumnsAreThoseOfPgBouncer() throws IOException {
    for (Map.Entry<String, String> table : COLUMNS.entrySet()) {
      assertEquals(table.getValue(), columns("SHOW " + table.getKey()), table.getKey());
    }
    assertEquals(COLUMNS.get("CLIENTS"), columns("SHOW SERVERS"));
    assertEquals("version", columns("SHOW VERSION"));
    assertEquals("key,value", columns("SHOW STATE"));
  }

  @Test
  void theConsoleAnswersToBothNamesAndTakesNoBackend() throws Exception {
    try (RawPgClient old = pooler.session("pgbouncer");
        RawPgClient observer = SharedServer.direct()) {
      int before = SharedServer.backends(observer);
      assertTrue(String.valueOf(old.value("SHOW VERSION;")).startsWith("pooler "));
      assertEquals(before, SharedServer.backends(observer));
      assertEquals(0, pooler.clients());
    }
  }

  @Test
  void poolsClientsAndServersShowWhoHasWhat() throws Exception {
    try (RawPgClient busy = pooler.session("postgres");
        RawPgClient second = pooler.session("postgres");
        RawPgClient waiting = pooler.session("postgres")) {
      busy.query("begin; select 1");
      second.query("begin; select 1");
      String pid = busy.value("select pg_backend_pid() where true");
      waiting.send(PgBytes.query("select 1"));
      PoolerFixture.await("it waits", () -> "1".equals(cell("POOLS", "cl_waiting")));
      Map<String, @Nullable String> pool = row("POOLS", "database", "postgres");
      assertEquals("2", pool.get("cl_active"));
      assertEquals("2", pool.get("sv_active"));
      assertEquals("0", pool.get("sv_idle"));
      assertEquals("transaction", pool.get("pool_mode"));
      assertTrue(Long.parseLong(String.valueOf(pool.get("maxwait_us"))) > 0);
      assertEquals(
          List.of("active", "active", "waiting"),
          rows("CLIENTS").stream().map(r -> String.valueOf(r.get("state"))).sorted().toList());
      Map<String, @Nullable String> backend = row("SERVERS", "remote_pid", String.valueOf(pid));
      assertEquals("active", backend.get("state"));
      Map<String, @Nullable String> client =
          row("CLIENTS", "ptr", String.valueOf(backend.get("link")));
      assertEquals(backend.get("ptr"), client.get("link"));
      assertEquals("postgres", client.get("user"));
      assertEquals("unix", client.get("addr"));
      assertTrue(
          String.valueOf(client.get("connect_time"))
              .matches("\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d UTC"));
      busy.query("commit");
      waiting.readUntil('Z');
      PoolerFixture.await("all idle or active", () -> "0".equals(cell("POOLS", "cl_waiting")));
      assertEquals("idle", row("CLIENTS", "ptr", String.valueOf(client.get("ptr"))).get("state"));
    }
  }

  @Test
  void databasesUsersAndListsTellTheConfigurationAndItsUse() throws Exception {
    try (RawPgClient client = pooler.session("postgres")) {
      client.value("select 1");
      Map<String, @Nullable String> database = row("DATABASES", "name", "postgres");
      assertEquals(String.valueOf(server.socket().getParent()), database.get("host"));
      assertEquals("" + server.port(), database.get("port"));
      assertEquals("postgres", database.get("force_user"));
      assertEquals("2", database.get("pool_size"));
      assertEquals("1", database.get("current_connections"));
      assertEquals("1", database.get("current_client_connections"));
      assertEquals("1800", database.get("server_lifetime"));
      assertEquals(null, database.get("load_balance_hosts"));
      assertEquals("disable", row("DATABASES", "name", "other").get("load_balance_hosts"));
      assertEquals("1", row("USERS", "name", "postgres").get("current_connections"));
      assertEquals("2", row("LISTS", "list", "databases").get("items"));
      assertEquals("1", row("LISTS", "list", "used_clients").get("items"));
      assertEquals("1", row("LISTS", "list", "used_servers").get("items"));
      assertEquals("2", row("CONFIG", "key", "databases.postgres.pool.size").get("value"));
      assertEquals("no", row("CONFIG", "key", "limits.clients").get("changeable"));
      assertEquals("yes", row("STATE", "key", "active").get("value"));
    }
  }

  /** Needs counters that no scrape has to lock for: adders, and samples of the janitor's tick. */
  @Test
  @Tag("case-96")
  void statsCountTransactionsQueriesBytesAndTimes() throws Exception {
    try (RawPgClient client = pooler.session("postgres")) {
      client.query("begin; select 1");
      client.query("select 1");
      client.query("commit");
      client.query("select pg_sleep(0.5)");
      Map<String, @Nullable String> stats = row("STATS", "database", "postgres");
      assertEquals("2", stats.get("total_xact_count"));
      assertEquals("4", stats.get("total_query_count"));
      assertEquals("1", stats.get("total_client_login_count"));
      assertTrue(number(stats, "total_received") > 50);
      assertTrue(number(stats, "total_sent") > 50);
      assertTrue(number(stats, "total_server_assignment_count") >= 2);
      assertTrue(number(stats, "total_query_time") >= 300_000, stats::toString);
      assertTrue(number(stats, "total_query_time") <= number(stats, "total_xact_time"));
      assertTrue(number(stats, "avg_query_time") >= 300_000 / 4, stats::toString);
      assertEquals("2", row("STATS_TOTALS", "database", "postgres").get("xact_count"));
      assertEquals(
          stats.get("avg_query_time"),
          row("STATS_AVERAGES", "database", "postgres").get("query_time"));
    }
  }

  @Test
  void anUnknownCommandIsOneErrorWithTheNearestKnownOne() throws IOException {
    List<PgMessage> said = console.query("SHOW CLEINTS");
    assertEquals("EZ", RawPgClient.types(said));
    assertEquals("42601", said.getFirst().sqlState());
    assertTrue(said.getFirst().field('M').contains("did you mean \"CLIENTS\"?"), said::toString);
    assertEquals("NCZ", RawPgClient.types(console.query("SHOW HELP")));
    assertTrue(console.query("SHOW HELP").getFirst().field('D').contains("PAUSE [<database>]"));
  }

  @Test
  void whoIsNoAdministratorIsRefusedAndToldWhatToChange() throws IOException {
    try (RawPgClient stranger = pooler.raw()) {
      stranger.send(
          PgBytes.startup(PgBytes.VERSION_3_0, Map.of("user", "app", "database", "pooler")));
      PgMessage last = stranger.readToEnd().getLast();
      assertEquals("42501", last.sqlState());
      assertTrue(last.field('H').contains("admin.users"), last::toString);
    }
  }

  /** CVE-2026-6667: needs each command to be checked for the rights of who says it. */
  @Test
  @Tag("advisory-CVE-2026-6667")
  void whoMayOnlyLookCanKillNobody() throws Exception {
    try (RawPgClient client = pooler.session("postgres");
        RawPgClient looker = RawPgClient.session(pooler.unix(), "metrics", "pgbouncer")) {
      client.value("select 1");
      String id = cell("CLIENTS", "id");
      assertEquals("TDCZ", RawPgClient.types(looker.query("SHOW CLIENTS")));
      for (String command :
          List.of(
              "KILL_CLIENT " + id,
              "KILL",
              "KILL postgres",
              "PAUSE",
              "RESUME",
              "RECONNECT",
              "RELOAD",
              "SHOW SESSION " + id,
              "SHOW PINS")) {
        List<PgMessage> said = looker.query(command);
        assertEquals("EZ", RawPgClient.types(said), command);
        assertEquals("42501", said.getFirst().sqlState(), command);
      }
      looker.send(
          PgBytes.parse("", "KILL"), PgBytes.bind("", ""), PgBytes.execute("", 0), PgBytes.sync());
      assertEquals("12EZ", RawPgClient.types(looker.readUntil('Z')));
      assertEquals("1", client.value("select 1"));
      assertEquals("idle", cell("CLIENTS", "state"));
    }
  }

  @Test
  void ourOwnUidOnAPeerSocketIsAnAdministratorWhereTheFileSaysSo() throws Exception {
    String peers =
        """
        listen: [{address: "unix:${DIR}/peer"}]
        databases: {postgres: {hosts: ["unix:${PG}"], pool: {min-idle: 0}}}
        admin: {sockets: true}
        """;
    try (PoolerFixture own = PoolerFixture.start(server, peers);
        RawPgClient admin =
            RawPgClient.session(
                UnixDomainSocketAddress.of(own.directory().resolve("peer")), "whoever", "pooler")) {
      assertEquals("RELOAD", tag(admin.query("RELOAD")));
    }
    String trust =
        """
        listen: [{address: "unix:${DIR}/peer", auth: trust}]
        databases: {postgres: {hosts: ["unix:${PG}"], pool: {min-idle: 0}}}
        admin: {sockets: true}
        """;
    try (PoolerFixture own = PoolerFixture.start(server, trust);
        RawPgClient nobody =
            RawPgClient.connect(UnixDomainSocketAddress.of(own.directory().resolve("peer")))) {
      nobody.send(
          PgBytes.startup(PgBytes.VERSION_3_0, Map.of("user", "whoever", "database", "pooler")));
      assertEquals("42501", nobody.readToEnd().getLast().sqlState());
    }
  }

  @Test
  void withoutAnAdministratorTheNamesAreNamesOfDatabases() throws Exception {
    String plain =
        "databases: {\"*\": {hosts: [\"unix:${PG}\"], user: postgres, pool: {min-idle: 0}}}";
    try (PoolerFixture own = PoolerFixture.start(server, plain);
        RawPgClient client = own.raw()) {
      client.send(
          PgBytes.startup(PgBytes.VERSION_3_0, Map.of("user", "postgres", "database", "pooler")));
      assertEquals("3D000", client.readToEnd().getLast().sqlState());
    }
  }

  /** Needs simple queries with BEGIN, SET and nothing to be answered as a server answers them. */
  @Test
  @Tag("case-72")
  void aDriversPreludeIsTakenAndItsTransactionIsBelieved() throws IOException {
    List<PgMessage> begun = console.query("begin");
    assertEquals("CZ", RawPgClient.types(begun));
    assertEquals('T', begun.getLast().body()[0]);
    assertEquals("TDCZ", RawPgClient.types(console.query("SHOW VERSION")));
    List<PgMessage> set = console.query("SET application_name = 'x'; SET datestyle TO 'ISO'");
    assertEquals("NCNCZ", RawPgClient.types(set));
    assertEquals('I', console.query("COMMIT").getLast().body()[0]);
    assertEquals("IZ", RawPgClient.types(console.query("")));
    assertEquals("UTF8", console.value("SHOW client_encoding"));
    assertEquals("1", console.value("SELECT 1"));
    assertEquals("EZ", RawPgClient.types(console.query("BEGIN; SHOW VERSION; SHOW NO; COMMIT")));
    List<PgMessage> broken = console.query("BEGIN; SHOW VERSION; PAUSE nowhere; COMMIT");
    assertEquals("CTDCEZ", RawPgClient.types(broken));
    assertEquals('T', broken.getLast().body()[0]);
  }

  @Test
  void aCommandOverTheLimitEndsTheConversation() throws IOException {
    console.send(PgBytes.query("SHOW " + "x".repeat(70_000)));
    List<PgMessage> said = console.readToEnd();
    assertEquals("54000", said.getLast().sqlState());
  }

  @Test
  void commandsSentAheadAreAnsweredInOrderAlsoCutIntoBytes() throws IOException {
    console.send(
        PgBytes.query("SHOW VERSION"), PgBytes.query("SHOW STATE"), PgBytes.query("SELECT 1"));
    assertEquals("TDCZ", RawPgClient.types(console.readUntil('Z')));
    assertEquals("TDDDCZ", RawPgClient.types(console.readUntil('Z')));
    assertEquals("TDCZ", RawPgClient.types(console.readUntil('Z')));
    console.sendByteByByte(PgBytes.joined(PgBytes.query("SELECT 1"), PgBytes.query("SELECT 2")));
    assertEquals("TDCZ", RawPgClient.types(console.readUntil('Z')));
    assertEquals("TDCZ", RawPgClient.types(console.readUntil('Z')));
  }

  /** Columns as {@code name:type}, the type left out where it is text. */
  private String columns(String sql) throws IOException {
    List<String> all = new ArrayList<>();
    describe(console.query(sql)).forEach((name, type) -> all.add(name + type));
    return String.join(",", all);
  }

  static Map<String, String> describe(List<PgMessage> said) {
    Map<String, String> columns = new java.util.LinkedHashMap<>();
    PgMessage description = said.getFirst();
    assertEquals('T', description.type(), said::toString);
    ByteBuffer in = ByteBuffer.wrap(description.body());
    for (int left = in.getShort(); left > 0; left--) {
      int start = in.position();
      while (in.get() != 0) {
        // to its end
      }
      String name =
          new String(description.body(), start, in.position() - start - 1, StandardCharsets.UTF_8);
      in.position(in.position() + 6);
      String type =
          switch (in.getInt()) {
            case 25 -> "";
            case 23 -> ":i";
            case 1700 -> ":N";
            default -> ":?";
          };
      in.position(in.position() + 8);
      columns.put(name, type);
    }
    return columns;
  }

  private List<Map<String, @Nullable String>> rows(String table) throws IOException {
    return rows(console, table);
  }

  static List<Map<String, @Nullable String>> rows(RawPgClient console, String table)
      throws IOException {
    List<PgMessage> said = console.query("SHOW " + table);
    List<String> names = List.copyOf(describe(said).keySet());
    List<Map<String, @Nullable String>> all = new ArrayList<>();
    RawPgClient.rows(said)
        .forEach(values -> {
          Map<String, @Nullable String> row = new java.util.HashMap<>();
          for (int i = 0; i < values.size(); i++) {
            row.put(names.get(i), values.get(i));
          }
          all.add(row);
        });
    return all;
  }

  private Map<String, @Nullable String> row(String table, String column, String value)
      throws IOException {
    return row(console, table, column, value);
  }

  static Map<String, @Nullable String> row(
      RawPgClient console, String table, String column, String value) throws IOException {
    List<Map<String, @Nullable String>> all = rows(console, table);
    return all.stream()
        .filter(row -> value.equals(row.get(column)))
        .findFirst()
        .orElseThrow(() -> new AssertionError(column + "=" + value + " in " + all));
  }

  /** A column of the only row. */
  private String cell(String table, String column) throws IOException {
    List<Map<String, @Nullable String>> all = rows(table);
    assertEquals(1, all.size(), all::toString);
    String value = all.getFirst().get(column);
    assertNotNull(value);
    return value;
  }

  private static long number(Map<String, @Nullable String> row, String column) {
    return Long.parseLong(String.valueOf(row.get(column)));
  }

  static String tag(List<PgMessage> said) {
    PgMessage last = said.get(said.size() - 2);
    assertEquals('C', last.type(), said::toString);
    return last.strings().getFirst();
  }
}
