package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What one database and one user may have, over all pools. */
@Timeout(60)
class LimitsTest {
  private final List<RawPgClient> open = new ArrayList<>();
  private RawPgClient observer;

  @BeforeEach
  void users() throws IOException {
    observer = SharedServer.direct();
    for (String user : List.of("limit_a", "limit_b", "limit_c")) {
      observer.query("drop role if exists " + user);
      observer.query("create role " + user + " login");
    }
  }

  @AfterEach
  void closeAll() throws IOException {
    for (RawPgClient client : open) {
      client.close();
    }
    observer.close();
  }

  private static PoolerFixture pooler(String yaml) throws IOException {
    return PoolerFixture.start(SharedServer.get(), yaml);
  }

  /** The database {@code postgres} with each client's own user, and all else by the caller. */
  private static String ownUsers(String pool, String limits) {
    return """
    databases:
      postgres: {hosts: ["unix:${PG}"], pool: {min-idle: 0, %s}, limits: {%s}}
    """
        .formatted(pool, limits);
  }

  private RawPgClient session(PoolerFixture pooler, String user) throws IOException {
    RawPgClient client = RawPgClient.session(pooler.unix(), user, "postgres");
    open.add(client);
    return client;
  }

  private static PgMessage refused(PoolerFixture pooler, String user, String database)
      throws IOException {
    try (RawPgClient client = pooler.raw()) {
      client.send(PgBytes.startup(PgBytes.VERSION_3_0, Map.of("user", user, "database", database)));
      List<PgMessage> said = client.readToEnd();
      assertEquals("E", RawPgClient.types(said), said::toString);
      return said.getFirst();
    }
  }

  private int backends(String user) throws IOException {
    return Integer.parseInt(
        String.valueOf(
            observer.value(
                "select count(*) from pg_stat_activity where usename = '" + user + "'")));
  }

  private static void awaitRoom(PoolerFixture pooler, int clients) throws Exception {
    PoolerFixture.await("gone", () -> pooler.metric("pooler_connections") == clients);
  }

  @Test
  void aDatabaseTakesAsManyClientsAsItsLimitSays() throws Exception {
    try (PoolerFixture pooler =
        pooler(
            """
            databases:
              postgres: {hosts: ["unix:${PG}"], user: postgres, pool: {min-idle: 0}, limits: {clients: 2}}
              other: {hosts: ["unix:${PG}"], user: postgres, database: postgres, pool: {min-idle: 0}}
            admin: {users: [postgres]}
            """)) {
      RawPgClient first = session(pooler, "limit_a");
      session(pooler, "limit_b");
      PgMessage told = refused(pooler, "limit_c", "postgres");
      assertEquals("53300", told.sqlState());
      assertEquals("FATAL", told.field('S'));
      assertEquals("too many clients of database \"postgres\": at most 2", told.field('M'));
      assertTrue(told.field('H').contains("databases.*.limits.clients"), told::toString);
      assertEquals(1, pooler.metric("pooler_sessions_closed_total", "reason=\"too_many_clients\""));
      try (RawPgClient elsewhere = pooler.session("other");
          RawPgClient console = pooler.session("pooler")) {
        assertEquals("1", elsewhere.value("select 1"));
        assertEquals("TDDCZ", RawPgClient.types(console.query("show databases")));
      }
      first.close();
      awaitRoom(pooler, 1);
      assertEquals("1", session(pooler, "limit_c").value("select 1"));
    }
  }

  @Test
  void aUserHasAsManyClientsAsItsLimitSaysOverAllDatabases() throws Exception {
    try (PoolerFixture pooler =
        pooler(
            """
            databases:
              "*": {hosts: ["unix:${PG}"], database: postgres, user: postgres, pool: {min-idle: 0}}
            limits: {user-clients: 1}
            users: [{name: limit_b, limits: {clients: 2}}]
            """)) {
      session(pooler, "limit_a");
      PgMessage told = refused(pooler, "limit_a", "another");
      assertEquals("53300", told.sqlState());
      assertEquals("too many clients of user \"limit_a\": at most 1", told.field('M'));
      assertTrue(told.field('H').contains("limits.user-clients"), told::toString);
      session(pooler, "limit_b");
      session(pooler, "limit_b");
      assertEquals("53300", refused(pooler, "limit_b", "postgres").sqlState());
    }
  }

  /**
   * Needs the places to be given back with the connection, whatever ended it: a login that is
   * refused after it took them, a backend that can't be connected, a client that just goes.
   */
  @Test
  @Tag("case-49")
  void eachWayOutGivesThePlaceBack() throws Exception {
    try (PoolerFixture pooler =
        pooler(
            """
            databases:
              postgres: {hosts: ["unix:${PG}"], user: postgres, pool: {min-idle: 0}, limits: {clients: 1}}
              nobody: {hosts: ["unix:${PG}"], database: no_such_database, user: postgres,
                       pool: {min-idle: 0}, limits: {clients: 1}}
            limits: {user-clients: 1}
            admin: {users: [postgres]}
            """)) {
      for (int i = 0; i < 3; i++) {
        assertEquals("3D000", refused(pooler, "limit_a", "nobody").sqlState());
        awaitRoom(pooler, 0);
        assertEquals("3D000", refused(pooler, "limit_a", "nowhere").sqlState());
        awaitRoom(pooler, 0);
        try (RawPgClient leaves = pooler.raw()) {
          leaves.send(
              PgBytes.startup(
                  PgBytes.VERSION_3_0, Map.of("user", "limit_a", "database", "postgres")));
        }
        awaitRoom(pooler, 0);
        RawPgClient client = session(pooler, "limit_a");
        assertEquals("53300", refused(pooler, "limit_a", "postgres").sqlState());
        assertEquals("53300", refused(pooler, "limit_b", "postgres").sqlState());
        client.send(
            PgBytes.query("begin; select 1"), PgBytes.lying('B', 100_000, new byte[70_000]));
        client.close();
        awaitRoom(pooler, 0);
      }
      try (RawPgClient console = pooler.session("pooler")) {
        List<PgMessage> rows = console.query("show users");
        assertTrue(
            RawPgClient.rows(rows)
                .filter(row -> "limit_a".equals(row.getFirst()))
                .allMatch(row -> "0".equals(row.getLast())),
            rows::toString);
      }
    }
  }

  @Test
  void aDatabasesBackendsAreOfAllItsPoolsAndAnIdleOneGivesItsPlaceUp() throws Exception {
    try (PoolerFixture pooler = pooler(ownUsers("size: 5", "backends: 2"))) {
      RawPgClient a = session(pooler, "limit_a");
      RawPgClient b = session(pooler, "limit_b");
      a.query("begin; select 1");
      b.query("begin; select 1");
      RawPgClient c = pooler.raw();
      open.add(c);
      // The first login of a user needs a backend, to learn what to tell the client.
      c.send(
          PgBytes.startup(PgBytes.VERSION_3_0, Map.of("user", "limit_c", "database", "postgres")));
      assertTrue(c.quietFor(Duration.ofMillis(150)));
      assertEquals(2, backends("limit_a") + backends("limit_b"));
      b.query("commit"); // its backend is hot, and would be for a second
      c.readLogin();
      assertEquals("1", c.value("select 1"));
      assertEquals(0, backends("limit_b"));
      assertEquals(1, backends("limit_c"));
      assertEquals(1, pooler.metric("pooler_evictions_total", "reason=\"yielded\""));
    }
  }

  @Test
  void aBackendThatRestsWithItsPoolGivesItsPlaceUpAtOnce() throws Exception {
    try (PoolerFixture pooler = pooler(ownUsers("size: 5", "backends: 1"))) {
      RawPgClient a = session(pooler, "limit_a");
      RawPgClient b = session(pooler, "limit_b");
      for (int turn = 0; turn < 5; turn++) {
        assertEquals("1", a.value("select 1"));
        assertEquals("1", b.value("select 1"));
      }
      assertTrue(backends("limit_a") + backends("limit_b") <= 1);
    }
  }

  /** Needs a busy pool to give up its next: its own sessions would keep the backend for ever. */
  @Test
  @Tag("case-45")
  void aPoolInConstantUseServesAnotherPoolToo() throws Exception {
    try (PoolerFixture pooler = pooler(ownUsers("size: 5", "backends: 1"))) {
      RawPgClient waiting = session(pooler, "limit_b");
      AtomicBoolean stop = new AtomicBoolean();
      List<Future<Integer>> busy = new ArrayList<>();
      try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
        for (int i = 0; i < 3; i++) {
          RawPgClient client = session(pooler, "limit_a");
          busy.add(
              threads.submit(() -> {
                int done = 0;
                while (!stop.get()) {
                  client.query("select pg_sleep(0.01)");
                  done++;
                }
                return done;
              }));
        }
        try {
          PoolerFixture.await("all at work", () -> pooler.metric("pooler_clients", "waiting") >= 2);
          assertEquals("1", waiting.value("select 1"));
          assertEquals("1", waiting.value("select 1"));
        } finally {
          stop.set(true);
        }
      }
      for (Future<Integer> one : busy) {
        assertTrue(one.get() > 5, "and they went on");
      }
    }
  }

  @Test
  void whoWaitsInVainForAPlaceIsToldTheLimit() throws Exception {
    try (PoolerFixture pooler = pooler(ownUsers("size: 5, max-wait: 500ms", "backends: 1"))) {
      RawPgClient b = session(pooler, "limit_b");
      RawPgClient a = session(pooler, "limit_a");
      a.query("begin; select 1");
      List<PgMessage> said = b.query("select 1");
      PgMessage told = said.getFirst();
      assertEquals("57014", told.sqlState());
      assertTrue(told.field('M').contains("\"postgres\" has its 1 backends"), told::toString);
      String hint = told.field('H');
      assertTrue(hint.startsWith("Raise databases.*.limits.backends or"), hint);
      a.query("commit");
      assertEquals("1", b.value("select 1"));
    }
  }

  /** Needs spare backends to wait without asking: pools with min-idle would take turns for ever. */
  @Test
  @Tag("case-47")
  void poolsThatWantIdleBackendsDoNotTakeThemFromEachOther() throws Exception {
    try (PoolerFixture pooler =
        pooler(
            """
            databases:
              postgres: {hosts: ["unix:${PG}"], pool: {min-idle: 1, size: 3}, limits: {backends: 1}}
            """)) {
      RawPgClient a = session(pooler, "limit_a");
      RawPgClient b = session(pooler, "limit_b");
      assertEquals("1", a.value("select 1"));
      assertEquals("1", b.value("select 1"));
      PoolerFixture.await("a backend of b", () -> backends("limit_b") == 1);
      String started =
          "select string_agg(backend_start::text, ',') from pg_stat_activity where usename like"
              + " 'limit\\_%'";
      String before = observer.value(started);
      assertTrue(b.quietFor(Duration.ofSeconds(2)));
      assertEquals(before, observer.value(started), "nobody was replaced");
      assertEquals("1", a.value("select 1"), "and yet a session gets its place");
    }
  }

  @Test
  void aUsersBackendsAreThoseOfAllDatabases() throws Exception {
    try (PoolerFixture pooler =
        pooler(
            """
            databases:
              "*": {hosts: ["unix:${PG}"], database: postgres, user: limit_a, pool: {min-idle: 0, max-wait: 500ms}}
            users: [{name: limit_a, limits: {backends: 1}}]
            """)) {
      RawPgClient here = RawPgClient.session(pooler.unix(), "anna", "here");
      RawPgClient there = RawPgClient.session(pooler.unix(), "anna", "there");
      open.addAll(List.of(here, there));
      here.query("begin; select 1");
      PgMessage told = there.query("select 1").getFirst();
      assertEquals("57014", told.sqlState());
      assertTrue(told.field('M').contains("\"limit_a\" has its 1 backends"), told::toString);
      assertTrue(told.field('H').startsWith("Raise limits.user-backends ("), told::toString);
      here.query("commit");
      assertEquals("1", there.value("select 1"));
      assertEquals(1, backends("limit_a"));
    }
  }

  @Test
  @Tag("case-91")
  void aReloadChangesLimitsForWhoComesAndWhoWaits() throws Exception {
    String one = ownUsers("size: 5", "clients: 2, backends: 1");
    try (PoolerFixture pooler = pooler(one)) {
      RawPgClient b = session(pooler, "limit_b");
      RawPgClient a = session(pooler, "limit_a");
      a.query("begin; select 1");
      assertEquals("53300", refused(pooler, "limit_c", "postgres").sqlState());
      b.send(PgBytes.query("select 1"));
      PoolerFixture.await("it waits", () -> pooler.metric("pooler_clients", "waiting") == 1);
      assertEquals(List.of(), pooler.reload(ownUsers("size: 5", "clients: 3, backends: 2")));
      assertEquals("TDCZ", RawPgClient.types(b.readUntil('Z')));
      assertEquals("CZ", RawPgClient.types(a.query("commit")));
      session(pooler, "limit_c");
    }
  }

  @Test
  void theConsoleShowsLimitsBesideWhatIsInUse() throws Exception {
    try (PoolerFixture pooler =
            pooler(
                """
                databases:
                  postgres: {hosts: ["unix:${PG}"], pool: {min-idle: 0, size: 3, reserve-size: 2},
                             limits: {clients: 7, backends: 5}}
                limits: {user-clients: 9, user-backends: 4}
                users: [{name: limit_b, limits: {clients: 2, backends: 1}}]
                admin: {users: [postgres]}
                """);
        RawPgClient console = pooler.session("pooler")) {
      session(pooler, "limit_a").query("begin; select 1");
      Map<String, String> database = row(console, "databases", "postgres");
      assertEquals("2", database.get("reserve_pool_size"));
      assertEquals("5", database.get("max_connections"));
      assertEquals("1", database.get("current_connections"));
      assertEquals("7", database.get("max_client_connections"));
      assertEquals("1", database.get("current_client_connections"));
      Map<String, String> user = row(console, "users", "limit_a");
      assertEquals("4", user.get("max_user_connections"));
      assertEquals("1", user.get("current_connections"));
      assertEquals("9", user.get("max_user_client_connections"));
      assertEquals("1", user.get("current_client_connections"));
      assertEquals("1", row(console, "users", "limit_b").get("max_user_connections"));
      assertEquals("5", config(console, "databases.postgres.limits.backends"));
    }
  }

  /** Needs pools that never had a backend to go: 1,000 of them would be there for ever. */
  @Test
  void namesThatNobodyHasAtTheServerDoNotTakeThePlacesOfPools() throws Exception {
    try (PoolerFixture pooler =
            pooler(
                """
                databases:
                  "*": {hosts: ["unix:${PG}"], pool: {size: 1}}
                """);
        ExecutorService threads = Executors.newFixedThreadPool(8)) {
      session(pooler, "limit_a");
      List<Future<PgMessage>> refusals = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        String user = i % 2 == 0 ? "limit_b" : "no_user_" + i;
        String database = i % 2 == 0 ? "no_database_" + i : "postgres";
        refusals.add(threads.submit(() -> refused(pooler, user, database)));
      }
      for (int i = 0; i < refusals.size(); i++) {
        assertEquals(i % 2 == 0 ? "3D000" : "28000", refusals.get(i).get().sqlState());
      }
      session(pooler, "limit_b");
      PoolerFixture.await(
          "the others are gone",
          () ->
              pooler.samples("pooler_transactions_total").size() == 2
                  && pooler.samples("hikaricp_connections_max").size() == 2);
    }
  }

  private static Map<String, String> row(RawPgClient console, String table, String name)
      throws IOException {
    List<PgMessage> said = console.query("show " + table);
    List<String> columns = List.copyOf(ConsoleTest.describe(said).keySet());
    Map<String, String> cells = new HashMap<>();
    RawPgClient.rows(said)
        .filter(row -> name.equals(row.getFirst()))
        .forEach(row -> {
          for (int i = 0; i < columns.size(); i++) {
            cells.put(columns.get(i), String.valueOf(row.get(i)));
          }
        });
    return cells;
  }

  private static String config(RawPgClient console, String key) throws IOException {
    return RawPgClient.rows(console.query("show config"))
        .filter(row -> key.equals(row.getFirst()))
        .map(row -> String.valueOf(row.get(1)))
        .findFirst()
        .orElse("");
  }
}
