package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What sessions make pooler keep is bounded: by 1 MiB for all of them here, a quarter of it for
 * each. Two backends.
 */
@Timeout(60)
@SuppressWarnings("NullAway.Init")
class SessionMemoryTest {
  private static final int SHARE = 256 * 1024;

  private PoolerFixture pooler;
  private RawPgClient a;
  private RawPgClient b;

  @BeforeEach
  void start() throws Exception {
    pooler =
        PoolerFixture.start(
            SharedServer.get(),
            """
            databases:
              postgres: {hosts: ["unix:${PG}"], user: postgres, pool: {size: 2, min-idle: 0}}
            limits: {session-memory: 1MiB}
            """);
    a = pooler.session("postgres");
    b = pooler.session("postgres");
  }

  @AfterEach
  void stop() throws Exception {
    a.close();
    b.close();
    pooler.close();
  }

  private double kept() throws IOException {
    return pooler.metric("pooler_kept_bytes");
  }

  private void awaitKept(int bytes) throws Exception {
    PoolerFixture.await("kept: " + bytes, () -> kept() == bytes);
  }

  /** A query of so many bytes. */
  private static String text(String value, int bytes) {
    return "select '" + value + "' /*" + "x".repeat(bytes) + "*/";
  }

  private static List<PgMessage> prepare(RawPgClient client, String name, String sql)
      throws Exception {
    return client.send(PgBytes.parse(name, sql), PgBytes.sync()).readUntil('Z');
  }

  private static List<PgMessage> execute(RawPgClient client, String name) throws Exception {
    return client
        .send(PgBytes.bind("", name), PgBytes.execute("", 0), PgBytes.sync())
        .readUntil('Z');
  }

  /** Prepares statements of 20,000 bytes; how many there was room for. */
  private static int fill(RawPgClient client) throws Exception {
    for (int i = 0; ; i++) {
      List<PgMessage> reply = prepare(client, "s" + i, text("value " + i, 20_000));
      if (reply.getFirst().isError()) {
        assertEquals("53400", reply.getFirst().sqlState(), reply.toString());
        assertTrue(reply.toString().contains("too much memory"), reply.toString());
        return i;
      }
      assertTrue(i < 50, "no end");
    }
  }

  private static String value(List<PgMessage> messages) {
    return String.valueOf(
        RawPgClient.rows(messages)
            .findFirst()
            .orElseThrow(() -> new AssertionError(messages.toString()))
            .getFirst());
  }

  // --- named statements ----------------------------------------------------------------------

  @Test
  void whoPreparesTooMuchIsToldAndGoesOnAndOthersDoNotNotice() throws Exception {
    int some = fill(a);
    assertEquals(SHARE / 20_300, some, "with what is around a text and a name");
    assertEquals("value 3", value(execute(a, "s3")));
    assertEquals("26000", execute(a, "s" + some).getFirst().sqlState());
    assertEquals(some, fill(b));
    assertEquals("7", a.value("select 7"));
  }

  @Test
  void whatOneSessionMayNotHaveFailsItsPipelineInItsPlace() throws Exception {
    fill(a);
    List<PgMessage> reply =
        a.send(
                PgBytes.bind("", "s1"),
                PgBytes.execute("", 0),
                PgBytes.parse("more", text("more", 20_000)),
                PgBytes.bind("", "s2"),
                PgBytes.execute("", 0),
                PgBytes.sync())
            .readUntil('Z');
    assertEquals("2DCEZ", RawPgClient.types(reply));
    assertEquals("53400", reply.get(3).sqlState());
    assertEquals("value 2", value(execute(a, "s2")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"deallocate s0", "deallocate all", "discard all", "close"})
  void whatIsNotPreparedAnyMoreMakesRoom(String how) throws Exception {
    int some = fill(a);
    double before = kept();
    if (how.equals("close")) {
      a.send(PgBytes.named('C', 'S', "s0"), PgBytes.sync()).readUntil('Z');
    } else {
      assertEquals("CZ", RawPgClient.types(a.query(how)));
    }
    assertTrue(kept() <= before - 20_000, before + " to " + kept());
    assertEquals("1Z", RawPgClient.types(prepare(a, "more", text("more", 20_000))));
    boolean all = how.endsWith("all");
    assertEquals(
        all ? "26000" : "value " + (some - 1),
        all
            ? execute(a, "s" + (some - 1)).getFirst().sqlState()
            : value(execute(a, "s" + (some - 1))));
  }

  @Test
  void whatWasNeverPreparedIsNotKept() throws Exception {
    prepare(a, "s", "not a statement " + "x".repeat(10_000));
    a.send(
            PgBytes.parse("t", text("skipped", 10_000)),
            PgBytes.named('C', 'S', "t"),
            PgBytes.parse("t", text("skipped too", 10_000)),
            PgBytes.bind("", "nothing"),
            PgBytes.named('C', 'S', "t"),
            PgBytes.sync())
        .readUntil('Z');
    assertTrue(kept() > 10_000 && kept() < 11_000, "t as it was prepared last: " + kept());
    a.send(PgBytes.named('C', 'S', "t"), PgBytes.sync()).readUntil('Z');
    assertEquals(0, kept());
  }

  @Test
  void theEndOfASessionGivesAllOfItBack() throws Exception {
    fill(a);
    prepare(b, "", text("without a name", 20_000));
    a.close();
    PoolerFixture.await("a is gone", () -> kept() < 21_000);
    b.close();
    awaitKept(0);
  }

  @Test
  void aTextIsCountedOnceForAllThatHaveIt() throws Exception {
    String text = text("all", 200_000);
    List<PgMessage> first = prepare(a, "mine", text);
    assertEquals("1Z", RawPgClient.types(first), first.toString());
    double one = kept();
    List<PgMessage> second = prepare(b, "other", text);
    assertEquals("1Z", RawPgClient.types(second), second.toString());
    assertTrue(kept() < one + 1_000, one + " and " + kept());
    a.close();
    PoolerFixture.await("b's alone", () -> kept() < one + 10);
    assertEquals("all", value(execute(b, "other")));
    b.close();
    awaitKept(0);
  }

  // --- the one without a name ------------------------------------------------------------------

  @Test
  void aTextWithoutANameThatIsNotKeptServesItsBatchAndItsTransaction() throws Exception {
    String large = text("large", 200_000);
    List<RawPgClient> others = new ArrayList<>();
    try {
      for (int i = 0; i < 5; i++) {
        RawPgClient other = pooler.session("postgres");
        others.add(other);
        assertEquals("1Z", RawPgClient.types(prepare(other, "", text("large", 200_000 + i))));
      }
      assertTrue(kept() > 1_000_000, "" + kept());
      assertEquals("1Z", RawPgClient.types(prepare(a, "", large)));
      List<PgMessage> later = execute(a, "");
      assertEquals("EZ", RawPgClient.types(later));
      assertEquals("53400", later.getFirst().sqlState(), later.toString());
      List<PgMessage> described =
          a.send(PgBytes.named('D', 'S', ""), PgBytes.sync()).readUntil('Z');
      assertEquals("53400", described.getFirst().sqlState(), described.toString());
      List<PgMessage> batch =
          a.send(
                  PgBytes.parse("", large),
                  PgBytes.bind("", ""),
                  PgBytes.execute("", 0),
                  PgBytes.sync())
              .readUntil('Z');
      assertEquals("12DCZ", RawPgClient.types(batch));
      a.query("begin; select 1");
      prepare(a, "", large);
      assertEquals("large", value(execute(a, "")));
      a.query("commit");
      assertEquals("large", value(execute(others.getFirst(), "")));
      assertTrue(kept() <= 1 << 20);
    } finally {
      for (RawPgClient other : others) {
        other.close();
      }
    }
    awaitKept(0);
  }

  @Test
  void aSmallTextWithoutANameIsAlwaysKept() throws Exception {
    fill(a);
    assertEquals("1Z", RawPgClient.types(prepare(a, "", text("small", 900))));
    assertEquals("small", value(execute(a, "")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"select 1", "parse", "close", "a failed parse"})
  void aLargeTextWithoutANameIsLetGoWithTheNext(String next) throws Exception {
    prepare(a, "", text("large", 200_000));
    assertTrue(kept() > 200_000);
    switch (next) {
      case "parse" -> prepare(a, "", "select 2");
      case "close" -> a.send(PgBytes.named('C', 'S', ""), PgBytes.sync()).readUntil('Z');
      case "a failed parse" -> prepare(a, "", "not a statement" + "x".repeat(5_000));
      default -> a.query(next);
    }
    assertEquals(0, kept());
  }

  /** Needs what the text names to be known by its name alone, once it is closed. */
  @ParameterizedTest
  @ValueSource(strings = {"", "e"})
  void whatATextExecutesIsNotKeptForThatText(String name) throws Exception {
    prepare(a, "s", text("named", 100_000));
    prepare(a, name, "execute s");
    assertEquals("named", value(execute(a, name)));
    a.send(PgBytes.named('C', 'S', "s"), PgBytes.sync()).readUntil('Z');
    assertTrue(kept() < 2_000, "" + kept());
  }

  /** Needs both counted: the text as it was sent, and with the statement's own name. */
  @ParameterizedTest
  @ValueSource(strings = {"", "e"})
  void aTextThatExecutesAnotherIsCountedInBothItsForms(String name) throws Exception {
    prepare(a, "s", "select 'one'");
    prepare(a, name, "execute s " + " ".repeat(30_000));
    assertTrue(kept() > 60_000 && kept() < 70_000, "" + kept());
    assertEquals("one", value(execute(a, name)));
    a.send(PgBytes.named('C', 'S', "s"), PgBytes.sync()).readUntil('Z');
    prepare(a, "s", "select 'two'");
    assertEquals("two", value(execute(a, name)));
    assertTrue(kept() > 60_000 && kept() < 70_000, "" + kept());
    a.send(PgBytes.named('C', 'S', name), PgBytes.sync()).readUntil('Z');
    assertTrue(kept() < 2_000, "" + kept());
  }

  /** Needs the statement counted that takes the place of one which code has deallocated. */
  @Test
  void aNameGivenAgainIsCountedForWhatItStandsForThen() throws Exception {
    prepare(a, "s", text("first", 20_000));
    a.query("begin; do 'begin deallocate all; end'");
    assertEquals("1Z", RawPgClient.types(prepare(a, "s", text("second", 50_000))));
    assertTrue(kept() > 50_000 && kept() < 55_000, "" + kept());
    assertEquals("second", value(execute(a, "s")));
    a.query("commit");
    a.send(PgBytes.named('C', 'S', "s"), PgBytes.sync()).readUntil('Z');
    awaitKept(0);
  }

  /** Needs the one that was refused to be let go. */
  @Test
  void aNameThatIsTakenIsCountedOnce() throws Exception {
    prepare(a, "s", text("first", 20_000));
    double one = kept();
    assertEquals("EZ", RawPgClient.types(prepare(a, "s", text("second", 50_000))));
    assertEquals(one, kept());
    a.close();
    awaitKept(0);
  }

  // --- settings, channels ----------------------------------------------------------------------

  @Test
  void largeSettingsAreCountedAndVeryLargeOnesPin() throws Exception {
    a.value("select set_config('my.large', repeat('x', 10000), false)");
    PoolerFixture.await("counted", () -> kept() > 10_000 && kept() < 30_000);
    a.query("reset all");
    awaitKept(0);
    a.value("select set_config('my.large', repeat('x', 100000), false)");
    assertEquals("100000", a.value("select length(current_setting('my.large'))"));
    assertEquals(1, pooler.metric("pooler_pins_total", "reason=\"setting\""));
    assertTrue(kept() <= SHARE);
    a.query("reset all");
    awaitKept(0);
    assertEquals("", a.value("select current_setting('my.large')"));
    a.value("select set_config('my.large', repeat('x', 100000), false)");
    a.close();
    b.query("begin; select 1");
    try (RawPgClient c = pooler.session("postgres")) {
      assertEquals("", c.value("select coalesce(current_setting('my.large', true), '')"));
    }
    b.query("commit");
  }

  @Test
  void manySettingsOneByOnePinInTheEnd() throws Exception {
    for (int i = 0; pooler.metric("pooler_pins_total", "reason=\"setting\"") == 0; i++) {
      a.query("set my.setting_" + i + " = '" + "x".repeat(900) + "'");
      assertTrue(i < 200, "no end");
    }
    assertEquals("900", a.value("select length(current_setting('my.setting_0'))"));
    assertTrue(kept() <= SHARE);
    a.close();
    awaitKept(0);
  }

  @Test
  void aStartUpPacketOfVeryManySettingsIsRefused() throws Exception {
    Map<String, String> parameters = new HashMap<>(Map.of("user", "postgres"));
    IntStream.range(0, 600).forEach(i -> parameters.put("my.s" + i, "v"));
    try (RawPgClient many = RawPgClient.connect(pooler.unix())) {
      many.send(PgBytes.startup(PgBytes.VERSION_3_0, parameters));
      PgMessage last = many.readToEnd().getLast();
      assertEquals("53400", last.sqlState(), last.toString());
    }
    assertEquals(0, kept());
  }

  @Test
  void notificationsThatWaitAreCounted() throws Exception {
    a.query("listen x");
    PoolerFixture.await("listening", () -> pooler.metric("pooler_listening_sessions") == 1);
    double before = kept();
    int count = 0;
    while (kept() < before + 100_000) {
      b.query("select pg_notify('x', i || repeat('x', 7000)) from generate_series(1, 20) i");
      count += 20;
      assertTrue(count < 2_000, "no end");
    }
    for (int i = 0; i < count; i++) {
      assertEquals('A', a.read().type());
    }
    awaitKept((int) before);
  }

  private static String listen(int channels) {
    return IntStream.range(0, channels)
        .mapToObj(i -> "listen c" + i)
        .collect(Collectors.joining(";"));
  }

  @Test
  void channelsAreCountedAndVeryManyStayOnTheBackend() throws Exception {
    a.query(listen(100));
    PoolerFixture.await("listening", () -> pooler.metric("pooler_listening_sessions") == 1);
    assertTrue(kept() > 30_000, "" + kept());
    a.query("unlisten *");
    awaitKept(0);
    a.query(listen(2_000));
    PoolerFixture.await(
        "pinned", () -> pooler.metric("pooler_pins_total", "reason=\"listen\"") == 1);
    assertEquals(0, pooler.metric("pooler_listening_sessions"));
    assertEquals(0, kept());
    b.query("notify c1999, 'word'");
    assertEquals('A', a.read().type());
  }
}
