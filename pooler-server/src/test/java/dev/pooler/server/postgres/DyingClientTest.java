package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.RawPgClient;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Clients that go without a word: the pool is whole afterwards and nothing of theirs is left. */
@Timeout(120)
@SuppressWarnings("NullAway.Init")
class DyingClientTest {
  private static final int SIZE = 2;

  private PoolerFixture pooler;

  @BeforeEach
  void start() throws Exception {
    pooler = PoolerFixture.ofPoolSize(SharedServer.get(), SIZE);
    try (RawPgClient direct = SharedServer.direct()) {
      PoolerFixture.await("earlier ones are gone", () -> SharedServer.backends(direct) == 0);
      direct.query("drop table if exists grave; create table grave (i int)");
    }
  }

  @AfterEach
  void stop() throws Exception {
    pooler.close();
  }

  /** What a client does before it dies. */
  @FunctionalInterface
  interface Life {
    void live(RawPgClient client) throws Exception;
  }

  private static Arguments life(String name, Life life) {
    return Arguments.of(name, life);
  }

  private static Life half(byte[] message) {
    return client -> client.send(Arrays.copyOf(message, message.length / 2));
  }

  static Stream<Arguments> lives() {
    byte[] large = new byte[300_000];
    Arrays.fill(large, (byte) 'x');
    String text = "select '" + new String(large, StandardCharsets.US_ASCII) + "'";
    return Stream.of(
        life("idle", c -> {}),
        life("in a transaction", c -> c.query("begin; insert into grave values (1)")),
        life("in a failed transaction", c -> c.query("begin; lock grave; select 1/0")),
        life("with a lock", c -> c.query("begin; lock grave; insert into grave values (1)")),
        life("in a running statement", c -> c.send(PgBytes.query("select pg_sleep(30)"))),
        life(
            "in a large result",
            c -> {
              c.send(PgBytes.query("select repeat('x', 100000) from generate_series(1, 100000)"));
              c.readUntil('D');
            }),
        life(
            "in a batch without Sync",
            c -> {
              c.send(PgBytes.parse("", "insert into grave values (1)"), PgBytes.bind("", ""));
              c.send(PgBytes.execute("", 0), PgBytes.flush());
              c.readUntil('C');
            }),
        life("in a COPY", c -> c.send(PgBytes.query("copy grave from stdin")).readUntil('G')),
        life("in half a Query", half(PgBytes.query(text))),
        life("in half a Parse", half(PgBytes.parse("", text))),
        life("in half a Bind", half(PgBytes.bind("", "", text))),
        life("in half a header", c -> c.send(new byte[] {'Q', 0, 0})),
        life(
            "in half a Query inside a transaction",
            c -> {
              c.query("begin; lock grave");
              half(PgBytes.query(text)).live(c);
            }),
        life("pinned", c -> c.query("create temp table t (i int); select pg_advisory_lock(9)")),
        life("listening", c -> c.query("listen death")),
        life("with a setting", c -> c.query("set work_mem = '5MB'")));
  }

  private void soundAfterwards() throws Exception {
    try (RawPgClient observer = SharedServer.direct()) {
      PoolerFixture.await("their sessions are over", () -> pooler.clients() == 0);
      PoolerFixture.awaitNone(
          "nothing runs",
          () ->
              SharedServer.activity(
                  observer, "backend_type = 'client backend' and state <> 'idle'"));
      assertTrue(SharedServer.backends(observer) <= SIZE);
      // Between what is asked about a session that is gone and its reset nothing runs.
      PoolerFixture.awaitNone(
          "nothing is locked",
          () ->
              String.valueOf(
                  observer.value(
                      "select coalesce(string_agg(locktype, ' '), '')"
                          + " from pg_locks join pg_stat_activity using (pid)"
                          + " where pid <> pg_backend_pid() and backend_type = 'client backend'"
                          + " and locktype in ('relation', 'advisory')")));
      assertEquals("0", observer.value("select count(*) from grave"));
      try (RawPgClient a = pooler.session("postgres");
          RawPgClient b = pooler.session("postgres");
          RawPgClient c = pooler.session("postgres")) {
        a.query("begin; select 1");
        b.query("begin; select 1");
        assertEquals("4MB", a.value("show work_mem"));
        assertEquals("4MB", b.value("show work_mem"));
        assertEquals("0", a.value("select count(*) from pg_listening_channels()"));
        assertEquals("0", b.value("select count(*) from pg_listening_channels()"));
        assertEquals(SIZE, SharedServer.backends(observer));
        c.send(PgBytes.query("select 1"));
        assertTrue(c.quietFor(Duration.ofMillis(100)), "the pool is not larger than it was");
        a.query("commit");
        b.query("commit");
        assertEquals("TDCZ", RawPgClient.types(c.readUntil('Z')));
      }
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("lives")
  @Tag("case-38")
  @Tag("case-39")
  @Tag("case-40")
  @Tag("case-58")
  void aClientThatClosesLeavesThePoolWhole(String name, Life life) throws Exception {
    for (int round = 0; round < 3; round++) {
      RawPgClient client = pooler.session("postgres");
      life.live(client);
      client.close();
    }
    soundAfterwards();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("lives")
  void aClientThatOnlyEndsItsDirectionLeavesThePoolWhole(String name, Life life) throws Exception {
    RawPgClient client = pooler.session("postgres");
    life.live(client);
    client.shutdownOutput();
    soundAfterwards();
    client.close();
  }

  @Test
  void aClientThatResetsItsConnectionLeavesThePoolWhole() throws Exception {
    for (int round = 0; round < 5; round++) {
      try (SocketChannel channel = SocketChannel.open(pooler.tcp())) {
        Socket socket = channel.socket();
        socket
            .getOutputStream()
            .write(
                PgBytes.joined(
                    PgBytes.startup(
                        PgBytes.VERSION_3_0, Map.of("user", "postgres", "database", "postgres")),
                    PgBytes.query("begin; insert into grave values (1); select pg_sleep(30)")));
        PoolerFixture.await(
            "it runs", () -> pooler.metric("pooler_clients", "state=\"active\"") == 1);
        channel.setOption(StandardSocketOptions.SO_LINGER, 0);
      }
    }
    soundAfterwards();
  }

  @Test
  @Tag("case-44")
  void aClientThatClosesWhileItWaitsIsForgotten() throws Exception {
    try (RawPgClient a = pooler.session("postgres");
        RawPgClient b = pooler.session("postgres")) {
      a.query("begin; select 1");
      b.query("begin; select 1");
      for (int round = 0; round < 10; round++) {
        RawPgClient c = pooler.session("postgres");
        c.send(PgBytes.query("insert into grave values (1)"));
        PoolerFixture.await(
            "it waits", () -> pooler.metric("pooler_clients", "state=\"waiting\"") == 1);
        c.close();
        PoolerFixture.await("it is forgotten", () -> pooler.clients() == 2);
      }
      a.query("commit");
      b.query("commit");
    }
    soundAfterwards();
  }

  @Test
  @Tag("case-44")
  void aClientThatClosesWhileItsSettingsAreTakenLeavesThePoolWhole() throws Exception {
    for (int round = 0; round < 30; round++) {
      RawPgClient client = pooler.raw();
      client.login(
          Map.of("user", "postgres", "database", "postgres", "application_name", "n" + round));
      client.send(PgBytes.query("select 1"));
      client.close();
    }
    soundAfterwards();
  }
}
