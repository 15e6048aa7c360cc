package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.server.EmbeddedPostgres;
import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/**
 * LISTEN on a pool of two backends in transaction mode, with neighbours that keep them busy and
 * listen themselves.
 */
@Timeout(120)
@SuppressWarnings("NullAway.Init")
class ListenTest {
  private static final Duration MOMENT = Duration.ofMillis(150);
  private static final String LISTENERS =
      "select count(*) from pg_stat_activity where application_name = 'pooler listener'";

  /** So many notifications may be spoken and not heard. */
  private static final int AHEAD = 1_000;

  private final AtomicBoolean over = new AtomicBoolean();
  private final List<Thread> neighbours = new ArrayList<>();
  private final List<Throwable> troubles = new ArrayList<>();
  private PoolerFixture pooler;
  private RawPgClient direct;
  private RawPgClient a;
  private RawPgClient b;

  @BeforeEach
  void start() throws Exception {
    pooler = PoolerFixture.ofPoolSize(SharedServer.get(), 2);
    direct = SharedServer.direct();
    a = pooler.session("postgres");
    b = pooler.session("postgres");
  }

  @AfterEach
  void stop() throws Exception {
    over.set(true);
    for (Thread neighbour : neighbours) {
      neighbour.join();
    }
    a.close();
    b.close();
    direct.close();
    pooler.close();
    assertEquals(List.of(), troubles);
  }

  /** Sessions that lease and listen, so that no backend stays the same session's. */
  private void makeNoise(int count) {
    for (int i = 0; i < count; i++) {
      String channel = "noise" + i % 3;
      neighbours.add(
          Thread.ofPlatform()
              .start(() -> {
                try (RawPgClient noisy = pooler.session("postgres")) {
                  while (!over.get()) {
                    noisy.query("listen " + channel);
                    noisy.query("select pg_notify('" + channel + "', 'x')");
                    noisy.query("begin; set local work_mem = '5MB'; select 1; commit");
                    noisy.query("unlisten *");
                  }
                } catch (IOException | RuntimeException e) {
                  synchronized (troubles) {
                    troubles.add(e);
                  }
                }
              }));
    }
  }

  private void startAgain(String yaml) throws Exception {
    a.close();
    b.close();
    pooler.close();
    pooler = PoolerFixture.start(SharedServer.get(), yaml);
    a = pooler.session("postgres");
    b = pooler.session("postgres");
  }

  private void assertNobodyIsPinned() throws Exception {
    assertEquals(0, pooler.metric("pooler_pins_total", "reason=\"listen\""));
  }

  private List<String> heard(RawPgClient client) throws IOException {
    return Notifications.untilQuiet(client, MOMENT);
  }

  private void speak(String... words) throws IOException {
    for (String word : words) {
      direct.query("select pg_notify('" + word.replace(" ", "', '") + "')");
    }
  }

  /** Needs the shared listener: three sessions listen on two backends, and a fourth still works. */
  @Test
  @Tag("case-86")
  void moreSessionsListenThanThereAreBackends() throws Exception {
    makeNoise(4);
    try (RawPgClient c = pooler.session("postgres");
        RawPgClient d = pooler.session("postgres")) {
      a.query("listen one");
      b.query("listen two");
      c.query("listen one; listen two");
      speak("one 1", "two 2", "three 3");
      assertEquals(List.of("one 1"), heard(a));
      assertEquals(List.of("two 2"), heard(b));
      assertEquals(List.of("one 1", "two 2"), heard(c));
      assertEquals(List.of(), heard(d));
      assertNobodyIsPinned();
      assertTrue(pooler.metric("pooler_listening_sessions") >= 3);
      assertTrue(pooler.metric("pooler_listener_channels") >= 2);
      assertTrue(pooler.metric("pooler_notifications_total") >= 4);
    }
  }

  /** Needs the server's truth at the end of the transaction. */
  @ParameterizedTest
  @Tag("case-86")
  @CsvSource(
      delimiter = '|',
      value = {
        "begin; listen x | commit | x",
        "begin; listen x | rollback | ''",
        "begin; listen x; savepoint s; listen y; rollback to s | commit | x",
        "begin; savepoint s; listen x; release s; listen y | commit | x y",
        "begin; listen x; unlisten x; listen y | commit | y",
        "begin; listen x; select 1/0 | commit | ''",
        "begin; listen x; unlisten * | commit | ''",
        "begin; listen x | prepare transaction 'p' | ''",
      })
  void listenCountsWhenItsTransactionCommits(String begun, String end, String channels)
      throws Exception {
    a.query(begun);
    speak("x before", "y before");
    a.query(end);
    assertEquals(channels, channelsOf(a));
    speak("x after", "y after");
    List<String> expected = new ArrayList<>();
    for (String channel : channels.isEmpty() ? new String[0] : channels.split(" ")) {
      expected.add(channel + " after");
    }
    assertEquals(expected, heard(a));
  }

  private static String channelsOf(RawPgClient client) throws IOException {
    return String.valueOf(
        client.value(
            "select coalesce(string_agg(c, ' ' order by c), '') from pg_listening_channels() c"));
  }

  /** Needs the channels to be brought back in front of what may touch them. */
  @ParameterizedTest
  @Tag("case-86")
  @CsvSource(
      delimiter = '|',
      value = {
        "unlisten y | x z",
        "unlisten * | ''",
        "unlisten nobody | x y z",
        "listen w | w x y z",
        "listen x | x y z",
        "discard all | ''",
        "begin; unlisten x; rollback | x y z",
        "begin; savepoint s; unlisten *; rollback to s; unlisten z; commit | x y",
        "do $$ begin unlisten y; listen v; end $$ | v x z",
        "select 1; unlisten x | y z",
        "set default_transaction_read_only = on | x y z",
        "select 1 | x y z",
      })
  void whatChangesChannelsFindsThemOnItsBackend(String sql, String channels) throws Exception {
    makeNoise(2);
    a.query("listen x; listen y");
    a.query("listen z");
    assertEquals("x y z", channelsOf(a));
    for (PgMessage message : a.query(sql)) {
      assertFalse(message.isError(), message.toString());
    }
    assertEquals(channels, channelsOf(a));
    speak("v 1", "w 1", "x 1", "y 1", "z 1");
    List<String> expected = new ArrayList<>();
    for (String channel : channels.isEmpty() ? new String[0] : channels.split(" ")) {
      expected.add(channel + " 1");
    }
    assertEquals(expected, heard(a));
    assertNobodyIsPinned();
  }

  /** Needs the whole batch to be looked at before its first message goes. */
  @ParameterizedTest
  @Tag("case-86")
  @ValueSource(booleans = {true, false})
  void channelsChangeInTheMiddleOfABatch(boolean named) throws Exception {
    makeNoise(2);
    a.query("listen x; listen y");
    if (named) {
      a.send(PgBytes.parse("u", "unlisten x"), PgBytes.sync()).readUntil('Z');
      a.send(PgBytes.parse("s", "select 1"), PgBytes.sync()).readUntil('Z');
    }
    byte[] first = named ? new byte[0] : PgBytes.parse("", "select 1");
    byte[] second = named ? new byte[0] : PgBytes.parse("", "unlisten x");
    List<PgMessage> answer =
        a.send(
                first,
                PgBytes.bind("", named ? "s" : ""),
                PgBytes.execute("", 0),
                second,
                PgBytes.bind("", named ? "u" : ""),
                PgBytes.execute("", 0),
                PgBytes.sync())
            .readUntil('Z');
    assertEquals(named ? "2DC2CZ" : "12DC12CZ", RawPgClient.types(answer));
    assertEquals("y", channelsOf(a));
    speak("x 1", "y 1");
    assertEquals(List.of("y 1"), heard(a));
  }

  /** Needs the wait for the answers to what was sent before. */
  @Test
  @Tag("case-86")
  void channelsChangeBehindQueriesThatAreNotAnswered() throws Exception {
    a.query("listen x; listen y");
    a.send(
        PgBytes.query("select pg_sleep(0.1)"),
        PgBytes.query("unlisten x"),
        PgBytes.query("notify y, 'own'"),
        PgBytes.query("select 1"));
    assertEquals("TDCZ", RawPgClient.types(a.readUntil('Z')));
    assertEquals("CZ", RawPgClient.types(a.readUntil('Z')));
    assertEquals("CAZ", RawPgClient.types(a.readUntil('Z')));
    assertEquals("TDCZ", RawPgClient.types(a.readUntil('Z')));
    assertEquals("y", channelsOf(a));
  }

  /** Needs the start of a message that waits to be kept with what comes behind it. */
  @Test
  void aStatementThatComesInPiecesFindsItsChannels() throws Exception {
    a.query("listen x");
    a.query("select 1");
    byte[] sql = PgBytes.query("notify x, 'mine' -- " + "x".repeat(20_000));
    a.send(PgBytes.query("select pg_sleep(0.3)"), Arrays.copyOf(sql, 10_000));
    b.query("select 1"); // it has been read by then
    a.send(Arrays.copyOfRange(sql, 10_000, sql.length));
    assertEquals("TDCZ", RawPgClient.types(a.readUntil('Z')));
    assertEquals("CAZ", RawPgClient.types(a.readUntil('Z')));
  }

  /** As a session does that has a backend of its own: before its own ReadyForQuery. */
  @ParameterizedTest
  @Tag("case-86")
  @ValueSource(
      strings = {
        "notify x, 'own'",
        "select pg_notify('x', 'own')",
        "begin; notify x, 'own'; commit",
        "do $$ begin perform pg_notify('x', 'own'); end $$",
        "listen x; notify x, 'own'",
        "insert into said values ('own')",
      })
  void aSessionHearsItselfBeforeItsReadyForQuery(String sql) throws Exception {
    direct.query(
        "create table said (t text); create function say() returns trigger language plpgsql as"
            + " $$ begin perform pg_notify('x', new.t); return new; end $$;"
            + " create trigger say before insert on said for each row execute function say()");
    try {
      a.query("listen x");
      b.query("listen x");
      int told = login(a);
      List<PgMessage> answer = a.query(sql);
      assertEquals(List.of("x own"), Notifications.among(answer));
      assertEquals(told, notification(answer).firstInt());
      PgMessage others = b.read();
      assertEquals(told, others.firstInt(), "others know it by the same id");
      assertEquals(List.of(), heard(a));
      assertEquals(List.of(), heard(b));
    } finally {
      direct.query("drop table said; drop function say()");
    }
  }

  private static PgMessage notification(List<PgMessage> messages) {
    return messages.stream().filter(m -> m.type() == 'A').findFirst().orElseThrow();
  }

  /** The process id of BackendKeyData: the fixture has read it, so ask pooler's own view of it. */
  private int login(RawPgClient client) throws IOException {
    List<PgMessage> answer = client.query("listen tell_me; notify tell_me");
    client.query("unlisten tell_me");
    return notification(answer).firstInt();
  }

  /** Needs the ids that clients were told. */
  @Test
  void aSpeakerIsKnownByTheProcessIdThatItWasTold() throws Exception {
    try (RawPgClient c = pooler.raw()) {
      List<PgMessage> login = c.login(java.util.Map.of("user", "postgres", "database", "postgres"));
      int told = login.stream().filter(m -> m.type() == 'K').findFirst().orElseThrow().firstInt();
      a.query("listen x");
      c.query("notify x");
      assertEquals(told, a.read().firstInt());
      int server = Integer.parseInt(String.valueOf(direct.value("select pg_backend_pid()")));
      speak("x others");
      assertEquals(server, a.read().firstInt());
      c.query("listen x");
      assertEquals(told, notification(c.query("notify x")).firstInt());
    }
  }

  @ParameterizedTest
  @Tag("case-86")
  @ValueSource(
      strings = {"\"Quoted\"", "\"with \"\"quotes\"\"\"", "\"mit Umlaut ä\"", "UPPER", "\"a;b\""})
  void namesAreTheServers(String name) throws Exception {
    makeNoise(2);
    a.query("listen " + name);
    b.query("listen quoted; listen \"UPPER\"");
    direct.query("notify " + name + ", 'p'");
    assertEquals(1, heard(a).size());
    assertEquals(List.of(), heard(b));
    a.query("unlisten " + name);
    assertEquals("", channelsOf(a));
  }

  @Test
  @Tag("case-86")
  void longNamesAreCutAsTheServerCutsThem() throws Exception {
    String name = "n".repeat(70);
    a.query("listen " + name);
    direct.query("notify " + name.substring(0, 63) + ", 'p'");
    assertEquals(List.of(name.substring(0, 63) + " p"), heard(a));
  }

  @Test
  @Tag("case-86")
  void manyChannelsOfManySessions() throws Exception {
    List<RawPgClient> all = new ArrayList<>();
    try {
      for (int i = 0; i < 20; i++) {
        RawPgClient client = pooler.session("postgres");
        all.add(client);
        StringBuilder sql = new StringBuilder();
        for (int channel = 0; channel < 50; channel++) {
          sql.append("listen c").append(i).append('_').append(channel).append(';');
        }
        client.query(sql.toString());
      }
      direct.query(
          "select pg_notify('c' || i || '_' || c, i::text) from generate_series(0, 19) i,"
              + " generate_series(0, 49) c order by i, c");
      for (int i = 0; i < 20; i++) {
        int session = i;
        assertEquals(
            IntStream.range(0, 50).mapToObj(c -> "c" + session + "_" + c + " " + session).toList(),
            Notifications.next(all.get(i), 50));
        assertTrue(all.get(i).quietFor(Duration.ofMillis(5)));
      }
      assertNobodyIsPinned();
    } finally {
      for (RawPgClient client : all) {
        client.close();
      }
    }
  }

  /** Needs fences: each move loses or doubles some without them. */
  @ParameterizedTest
  @Tag("case-86")
  @ValueSource(ints = {1, 3})
  void aFloodIsHeardOnceAndInOrderWhileItsListenersMove(int loops) throws Exception {
    startAgain(
        """
        databases:
          postgres: {hosts: ["unix:${PG}"], user: postgres, pool: {size: 2, min-idle: 0}}
        io: {event-loops: %d}
        """
            .formatted(loops));
    makeNoise(3);
    a.query("listen flood");
    b.query("listen flood");
    AtomicBoolean enough = new AtomicBoolean();
    AtomicInteger heard = new AtomicInteger();
    CompletableFuture<Integer> speaker = new CompletableFuture<>();
    Thread.ofPlatform()
        .start(() -> {
          try (RawPgClient speaks = SharedServer.direct()) {
            int spoken = 0;
            while (!enough.get()) {
              if (spoken - heard.get() < AHEAD) {
                speaks.query("notify flood, '" + ++spoken + "'");
              } else {
                LockSupport.parkNanos(100_000); // else a slow machine never comes to its end
              }
            }
            speaker.complete(spoken);
          } catch (IOException | RuntimeException e) {
            speaker.completeExceptionally(e);
          }
        });
    List<String> heardByA = new ArrayList<>();
    List<String> heardByB = new ArrayList<>();
    for (int move = 0; move < 50 && !speaker.isDone(); move++) {
      heardByA.addAll(Notifications.among(a.query("listen other")));
      heardByA.addAll(Notifications.among(a.query("unlisten other")));
      heardByB.addAll(Notifications.among(b.query("begin; select 1; commit")));
      heard.set(Math.min(heardByA.size(), heardByB.size()));
    }
    enough.set(true);
    int spoken = speaker.join();
    List<String> all = IntStream.rangeClosed(1, spoken).mapToObj(i -> "flood " + i).toList();
    heardByA.addAll(heard(a));
    heardByB.addAll(heard(b));
    assertEquals(all, heardByA);
    assertEquals(all, heardByB);
    assertTrue(spoken > 100, spoken + " notifications");
    assertNobodyIsPinned();
  }

  @Test
  @Tag("case-86")
  void anotherDatabaseHearsNothing() throws Exception {
    direct.query("drop database if exists elsewhere");
    direct.query("create database elsewhere");
    try (PoolerFixture two =
            PoolerFixture.start(
                SharedServer.get(),
                """
                databases:
                  "*": {hosts: ["unix:${PG}"], user: postgres, pool: {size: 2, min-idle: 0}}
                """);
        RawPgClient here = two.session("postgres");
        RawPgClient there = two.session("elsewhere")) {
      here.query("listen x");
      there.query("listen x");
      speak("x here");
      assertEquals(List.of("x here"), heard(here));
      assertEquals(List.of(), heard(there));
      there.query("notify x, 'there'");
      assertEquals(List.of(), heard(here));
    } finally {
      direct.query("drop database elsewhere with (force)");
    }
  }

  @Test
  @Tag("case-86")
  void aLostListenerClosesTheSessionsThatListen() throws Exception {
    try (RawPgClient c = pooler.session("postgres")) {
      a.query("listen x");
      b.query("listen y");
      a.query("select 1"); // answered when the move is over
      b.query("select 1");
      PoolerFixture.await("a listener", () -> "1".equals(direct.value(LISTENERS)));
      endListener();
      for (RawPgClient client : List.of(a, b)) {
        PgMessage told = client.read();
        assertEquals("57P01", told.sqlState(), told.toString());
        assertTrue(client.atEnd());
      }
      assertEquals("1", c.value("select 1"));
      c.query("listen x");
      speak("x again");
      assertEquals(List.of("x again"), heard(c));
      assertEquals(2, pooler.metric("pooler_sessions_closed_total", "notifications_lost"));
    }
  }

  private void endListener() throws IOException {
    assertNotNull(
        direct.value(
            "select pg_terminate_backend(pid) from pg_stat_activity"
                + " where application_name = 'pooler listener'"));
  }

  @Test
  @Tag("case-86")
  void aLostListenerIsReplacedWhereANoticeIsEnough() throws Exception {
    try (PoolerFixture noticing =
            PoolerFixture.start(
                SharedServer.get(),
                """
                databases:
                  postgres:
                    {hosts: ["unix:${PG}"], user: postgres, listen-gap: notice, pool: {size: 2}}
                """);
        RawPgClient c = noticing.session("postgres");
        RawPgClient d = noticing.session("postgres")) {
      c.query("listen x");
      d.query("listen x; listen y");
      c.query("select 1"); // answered when the move is over
      d.query("begin");
      endListener();
      assertEquals('N', c.read().type());
      PgMessage restored = c.read();
      assertEquals('N', restored.type());
      assertTrue(restored.field('M').contains("heard again"), restored.field('M'));
      d.query("commit");
      speak("x 1", "y 1");
      assertEquals(List.of("x 1"), heard(c));
      assertEquals(List.of("x 1", "y 1"), heard(d));
    }
  }

  /**
   * Needs the listener of the session's own pool: at the new one's server its fence is not heard.
   */
  @Test
  void aSessionOfAPoolThatIsReplacedIsHeardForWhereItsPoolWas() throws Exception {
    try (EmbeddedPostgres other = EmbeddedPostgres.started()) {
      a.query("begin; listen x");
      String pid = a.value("select pg_backend_pid() where true");
      String moved =
          """
          databases:
            postgres: {hosts: ["unix:%s"], user: postgres, pool: {size: 2, min-idle: 0}}
          """
              .formatted(other.socket());
      assertEquals(List.of(), pooler.reload(moved));
      try (RawPgClient fresh = pooler.session("postgres")) {
        fresh.query("listen y");
        assertEquals("1", fresh.value("select 1"));
        assertEquals("CZ", RawPgClient.types(a.query("commit")));
        PoolerFixture.await(
            "its backend is gone",
            () -> direct.value("select 1 from pg_stat_activity where pid = " + pid) == null);
        speak("x 1");
        assertEquals(List.of("x 1"), Notifications.next(a, 1));
        assertEquals("1", fresh.value("select 1"));
      }
    }
  }

  /**
   * Needs the fence's channel to be left: the client would hear the fences of others. So that the
   * listener is lost before the move ends, somebody else who notifies waits for a standby: one
   * commits notifications at a time.
   */
  @Test
  void aMoveThatIsGivenUpLeavesNoChannelOfOurs() throws Exception {
    String noticing =
        """
        databases:
          postgres:
            {hosts: ["unix:${PG}"], user: postgres, listen-gap: notice, pool: {size: 2}}
        """;
    String listener = "select pid from pg_stat_activity where application_name = 'pooler listener'";
    try (EmbeddedPostgres server =
            EmbeddedPostgres.builder().setting("synchronous_standby_names", "nobody").start();
        PoolerFixture own = PoolerFixture.start(server, noticing);
        RawPgClient beside = SharedServer.direct(server);
        RawPgClient waits = SharedServer.direct(server);
        RawPgClient client = own.session("postgres")) {
      waits.query("set synchronous_commit = on");
      waits.send(PgBytes.query("create table t (); notify z"));
      PoolerFixture.await("it waits", () -> waiting(beside, "SyncRep"));
      client.query("listen x");
      PoolerFixture.await("the fence is about to be said", () -> waiting(beside, "object"));
      String first = beside.value(listener);
      beside.query("select pg_terminate_backend(" + first + ")");
      PoolerFixture.await(
          "another listener",
          () -> {
            String now = beside.value(listener);
            return now != null && !now.equals(first);
          });
      beside.query(
          "select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'");
      waits.readUntil('Z');
      assertEquals("x", client.value("select string_agg(c, ' ') from pg_listening_channels() c"));
      assertEquals(1, own.metric("pooler_pins_total", "reason=\"listen\""));
      beside.query("notify x, '1'");
      assertEquals(List.of("x 1"), Notifications.next(client, 1));
    }
  }

  private static boolean waiting(RawPgClient beside, String what) throws IOException {
    String sql = "select 1 from pg_stat_activity where wait_event = '" + what + "'";
    return beside.value(sql) != null;
  }

  @Test
  @Tag("case-86")
  void theListenerIsThereWhileSomebodyListens() throws Exception {
    String channels = "select count(*) from pg_stat_activity where query ~* 'unlisten \"x\"'";
    a.query("listen x");
    b.query("listen y");
    PoolerFixture.await("a listener", () -> "1".equals(direct.value(LISTENERS)));
    // Else the move of one may be the last thing that it says.
    PoolerFixture.await("both", () -> pooler.metric("pooler_listener_channels") == 2);
    a.close();
    PoolerFixture.await(
        "it unlistens",
        () -> "1".equals(direct.value(channels + " and application_name = 'pooler listener'")));
    PoolerFixture.await("metrics", () -> pooler.metric("pooler_listener_channels") == 1);
    b.query("unlisten *");
    PoolerFixture.await("none is left", () -> "0".equals(direct.value(LISTENERS)));
    assertEquals(0, pooler.metric("pooler_listening_sessions"));
    assertEquals(0, pooler.metric("pooler_listener_channels"));
  }

  /** Needs the bound: the server never stops to speak. */
  @Test
  void aListenerThatDoesNotReadIsClosed() throws Exception {
    a.query("listen x");
    a.query("select 1");
    String much =
        "select count(pg_notify('x', i || repeat('x', 7000))) from generate_series(1, 400) i";
    for (int i = 0; i < 4; i++) {
      direct.query(much);
    }
    PoolerFixture.await(
        "the slow session is closed",
        () -> pooler.metric("pooler_sessions_closed_total", "notifications_unread") == 1);
    assertEquals("1", b.value("select 1"));
    assertEquals(0, pooler.metric("pooler_held_bytes"));
  }

  /** Needs the fallback: the shared listener hears in one encoding. */
  @Test
  void aSessionWithAnotherEncodingKeepsItsBackend() throws Exception {
    a.query("set client_encoding = 'LATIN1'");
    a.query("listen x");
    direct.query("notify x, 'ä'");
    PgMessage heard = a.read();
    assertEquals(4 + 2 + 1 + 1, heard.body().length);
    assertEquals((byte) 0xe4, heard.body()[6]);
    PoolerFixture.await(
        "it is pinned", () -> pooler.metric("pooler_pins_total", "reason=\"listen\"") == 1);
    a.query("unlisten x");
    assertEquals("", channelsOf(a));
  }

  /** Needs the way back when the encoding changes: nothing that was heard for it may be lost. */
  @Test
  void aSessionThatChangesItsEncodingHearsInIt() throws Exception {
    a.query("listen x");
    a.query("select 1");
    a.query("set client_encoding = 'LATIN1'");
    a.query("select 1");
    direct.query("notify x, 'ä'");
    assertEquals((byte) 0xe4, a.read().body()[6]);
    a.query("set client_encoding = 'UTF8'; listen y");
    a.query("select 1");
    speak("y 1", "x ä");
    assertEquals(List.of("y 1", "x ä"), heard(a));
    assertEquals(1, pooler.metric("pooler_listening_sessions"));
  }

  @Test
  @Tag("case-86")
  void pgjdbcHearsWithoutAskingTheServer() throws Exception {
    makeNoise(2);
    try (Connection connection = pooler.jdbc("postgres");
        Statement statement = connection.createStatement()) {
      statement.execute("LISTEN x");
      speak("x one");
      List<String> heard = new ArrayList<>();
      PoolerFixture.await(
          "a notification", () -> heard.addAll(got(connection)) && !heard.isEmpty());
      assertEquals(List.of("x one"), heard);
      connection.setAutoCommit(false);
      statement.execute("NOTIFY x, 'two'");
      connection.commit();
      speak("x three");
      PoolerFixture.await("two more", () -> got(connection, heard) == 3);
      assertEquals(List.of("x one", "x two", "x three"), heard);
    }
  }

  private static int got(Connection connection, List<String> heard) throws SQLException {
    heard.addAll(got(connection));
    return heard.size();
  }

  private static List<String> got(Connection connection) throws SQLException {
    PGNotification[] some = connection.unwrap(PGConnection.class).getNotifications(10);
    List<String> heard = new ArrayList<>();
    for (PGNotification each : some == null ? new PGNotification[0] : some) {
      heard.add(each.getName() + " " + each.getParameter());
    }
    return heard;
  }

  @Test
  void inSessionModeItStaysOnItsBackend() throws Exception {
    try (PoolerFixture sessions =
            PoolerFixture.start(
                SharedServer.get(),
                """
                databases:
                  postgres: {hosts: ["unix:${PG}"], user: postgres, pool: {size: 2, mode: session}}
                """);
        RawPgClient c = sessions.session("postgres");
        RawPgClient d = sessions.session("postgres")) {
      c.query("listen x");
      d.query("notify x, 'hello'");
      assertEquals(List.of("x hello"), heard(c));
      assertEquals(0, sessions.metric("pooler_listening_sessions"));
    }
  }
}
