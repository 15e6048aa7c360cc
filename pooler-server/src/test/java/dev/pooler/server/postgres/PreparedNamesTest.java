package dev.pooler.server.postgres;

import static dev.pooler.testkit.wire.PgBytes.bind;
import static dev.pooler.testkit.wire.PgBytes.execute;
import static dev.pooler.testkit.wire.PgBytes.joined;
import static dev.pooler.testkit.wire.PgBytes.named;
import static dev.pooler.testkit.wire.PgBytes.parse;
import static dev.pooler.testkit.wire.PgBytes.query;
import static dev.pooler.testkit.wire.PgBytes.sync;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What a statement's name stands for, step by step as the server itself answers a client of its
 * own; between two transactions the session is moved from one backend to the other, which nobody
 * can do with a session that is pinned.
 */
@Timeout(60)
@SuppressWarnings("NullAway.Init")
class PreparedNamesTest {
  private static final byte[] FAILS = parse("broken", "selec");

  private PoolerFixture pooler;
  private RawPgClient direct;
  private RawPgClient a;
  private RawPgClient holder;
  private RawPgClient next;

  /** No transaction is open. */
  private boolean between = true;

  @BeforeEach
  void start() throws Exception {
    pooler = PoolerFixture.ofPoolSize(SharedServer.get(), 2);
    direct = SharedServer.direct();
    a = pooler.session("postgres");
    holder = pooler.session("postgres");
    next = pooler.session("postgres");
    holder.query("begin; select 1");
  }

  @AfterEach
  void stop() throws Exception {
    a.close();
    holder.close();
    next.close();
    direct.query("drop function if exists all_freed()");
    direct.close();
    pooler.close();
  }

  /** Leaves the session the backend that it was not on. */
  private void move() throws Exception {
    next.query("begin; select 1");
    holder.query("commit");
    RawPgClient before = holder;
    holder = next;
    next = before;
  }

  /** Takes all statements away from both backends. */
  private void empty() throws Exception {
    next.query("discard all"); // on the one that is free
    move();
    next.query("discard all");
  }

  private static String said(RawPgClient client, byte[] step, int readies) throws Exception {
    client.send(step);
    StringBuilder said = new StringBuilder();
    for (int i = 0; i < readies; i++) {
      for (PgMessage message : client.readUntil('Z')) {
        if (message.type() != 'N') {
          said.append(message.isError() ? message + "\n" : "");
          said.append(SharedServer.text(List.of(message)).getFirst()).append('\n');
        }
      }
    }
    return said.toString();
  }

  /** Each of these is answered by one ReadyForQuery. */
  private void same(byte[]... steps) throws Exception {
    same(1, steps);
  }

  private void same(int readies, byte[]... steps) throws Exception {
    List<String> wanted = new ArrayList<>();
    for (byte[] step : steps) {
      wanted.add(said(direct, step, readies));
    }
    for (int i = 0; i < steps.length; i++) {
      if (between) {
        move();
      }
      String said = said(a, steps[i], readies);
      assertEquals(wanted.get(i), said, "step " + (i + 1));
      between = said.endsWith("Z 49\n");
    }
  }

  private static byte[] prepare(String name, String text) {
    return joined(parse(name, text), sync());
  }

  private static byte[] run(String name, String... values) {
    return joined(bind("", name, values), execute("", 0), sync());
  }

  private static byte[] close(String name) {
    return joined(named('C', 'S', name), sync());
  }

  // --- without a name --------------------------------------------------------------------------

  /** Needs the statement of before to come back if what was to take its place is skipped. */
  @Test
  @Tag("case-60")
  void theStatementWithoutANameOutlivesWhatIsSkipped() throws Exception {
    same(prepare("", "select 'before'"), run(""));
    same(joined(FAILS, parse("", "select 'skipped'"), sync()), run(""));
    same(joined(FAILS, named('C', 'S', ""), sync()), run(""));
    same(joined(FAILS, query("select 1"), sync()), run(""));
    same(joined(FAILS, parse("", "select 1"), parse("", "select 2"), sync()), run(""));
    same(joined(parse("", "select 'new'"), FAILS, parse("", "select 'skipped'"), sync()), run(""));
    same(query("select 1"), run(""));
  }

  /** Needs one that fails to be told from one that is skipped. */
  @Test
  @Tag("case-57")
  @Tag("case-60")
  void theStatementWithoutANameDoesNotOutliveAParseThatFails() throws Exception {
    byte[] before = prepare("", "select 'before'");
    byte[] goesWell = named('C', 'S', "nobody");
    same(before, prepare("", "selec"), run(""));
    same(before, joined(goesWell, prepare("", "selec")), run(""));
    same(before, joined(goesWell, prepare("", "select * from nowhere_at_all")), run(""));
    same(before, query("selec"), run(""));
  }

  /** Needs a Bind to wait where it is not known yet what was skipped, and to go on then. */
  @Test
  @Tag("case-60")
  @Tag("case-67")
  void whatIsSkippedInOneBatchOfAPipelineIsThereForTheNext() throws Exception {
    same(prepare("", "select 'before'"));
    same(2, joined(FAILS, parse("", "select 'skipped'"), sync(), run("")));
    same(2, joined(FAILS, named('C', 'S', ""), sync(), run("")));
    same(
        3,
        joined(FAILS, parse("", "select 'skipped'"), sync(), prepare("", "selec"), run("")),
        joined(prepare("", "select 'before'"), run(""), run("")));
    same(
        3,
        joined(
            joined(FAILS, parse("", "select 1"), sync()),
            joined(parse("another", "selec"), parse("", "select 2"), sync()),
            run("")));
  }

  /** Needs the same of a text that backends hold under a name of ours. */
  @Test
  @Tag("case-60")
  void aTextThatComesAgainOutlivesWhatIsSkipped() throws Exception {
    byte[] often = joined(parse("", "select 'often'"), bind("", ""), execute("", 0), sync());
    same(often, often, often, often);
    same(joined(FAILS, parse("", "select 'skipped'"), sync()), run(""));
    same(prepare("", "select 'other'"), run(""));
    same(joined(FAILS, parse("", "select 'often'"), sync()), run(""));
  }

  /** Needs it to be left where it is: in a failed transaction nothing can bring it again. */
  @Test
  @Tag("case-60")
  void whatIsSkippedTakesNothingFromTheBackend() throws Exception {
    byte[] described = joined(named('D', 'S', ""), sync());
    byte[] set = parse("", "set work_mem = '5MB'");
    for (byte[] skipped : List.of(query("select 1"), parse("", "select 1"), close(""))) {
      same(query("begin; select 1"), joined(set, FAILS, skipped, sync()));
      same(described, described, query("rollback"));
    }
    same(2, joined(set, FAILS, query("select 1"), sync(), described));
  }

  /** Needs what is bound in front of the client's messages to be none of the client's portals. */
  @Test
  void aPortalOfOursIsNobodys() throws Exception {
    byte[] asks = joined(named('D', 'P', ""), sync());
    same(query("begin"), asks, query("rollback"));
    same(query("begin"), joined(execute("", 0), sync()), query("rollback"));
    same(query("begin"), joined(parse("", "select 1"), asks), query("rollback"));
    same(query("set enable_hashjoin = off"));
    same(joined(parse("", "select 1"), asks), joined(parse("", "select 1"), asks));
    byte[] runs = joined(parse("", "select 1"), execute("", 0), sync());
    same(runs, runs, joined(parse("", "select 1"), run("")));
  }

  // --- taken names -----------------------------------------------------------------------------

  /** Needs a text that is too long to be read to be sent under the name that is taken. */
  @Test
  @Tag("case-60")
  @Tag("case-66")
  void aTakenNameIsRefusedALongTextTooAndPinsNobody() throws Exception {
    String much = "select '" + "x".repeat(300_000) + "'";
    same(prepare("s", "select 'kept'"), prepare("s", much), run("s"));
    same(prepare("s", much + " selec broken"), run("s"));
    assertEquals(0, pooler.metric("pooler_pins_total"));
  }

  private void codeDeallocates() throws Exception {
    direct.query(
        "create or replace function all_freed() returns void language plpgsql"
            + " as 'begin deallocate all; end'");
  }

  /** Needs the name to mean what was parsed, wherever the session runs next. */
  @Test
  @Tag("case-63")
  void aNameThatCodeHasFreedIsGivenAgain() throws Exception {
    codeDeallocates();
    same(prepare("s", "select 'old'"), prepare("t", "select 't'"), prepare("u", "select 'u'"));
    same(prepare("twin", "select 'old'"));
    same(run("s"), run("s"));
    same(query("begin; select 0"), query("select all_freed()"));
    same(prepare("s", "select 'new'"), run("s"), prepare("t", "select 'old'"));
    same(run("t"), prepare("w", "select 'old'"), run("w"), run("s"));
    same(query("commit"), run("s"), run("s"), run("t"), run("u"), run("u"), run("w"));
    same(run("twin"), prepare("v", "select 'old'"), run("v"), run("s"), run("v"), run("s"));
  }

  /** Needs that to be taken for what it shows: no name that was given before is left. */
  @Test
  @Tag("case-63")
  void aNameThatCodeHasFreedIsGivenAgainAndTheOthersAreGone() throws Exception {
    codeDeallocates();
    same(prepare("s", "select 'old'"), prepare("elsewhere", "select 'there'"));
    same(
        query("begin; select 0"),
        query("select all_freed()"),
        prepare("s", "select 'new'"),
        query("commit"));
    same(run("elsewhere"), run("s"), run("elsewhere"), run("s"));
  }

  /** Needs a DEALLOCATE ALL not to be taken back with its transaction. */
  @Test
  @Tag("case-63")
  void aDeallocateAllIsNotRolledBack() throws Exception {
    same(prepare("s", "select 's'"), run("s"), run("s"));
    same(query("begin"), query("deallocate all"), query("rollback"), run("s"), run("s"));
    same(prepare("s", "select 's'"), run("s"));
    same(query("begin; deallocate all; rollback"), run("s"), run("s"));
    same(prepare("s", "select 's'"), run("s"));
    byte[] all = joined(parse("", "deallocate all"), bind("", ""), execute("", 0), sync());
    same(query("begin"), all, query("select 1/0"), query("rollback"), run("s"), run("s"));
    same(prepare("s", "select 's'"), query("begin"), query("deallocate s"), query("rollback"));
    same(run("s"), run("s"));
  }

  /** Needs the answer to that very statement to count, whatever else fails in its pipeline. */
  @Test
  @Tag("case-63")
  void whatIsDeallocatedBesideAFailureIsGone() throws Exception {
    byte[] fails = joined(FAILS, sync());
    byte[] s = prepare("s", "select 's'");
    for (String all : List.of("discard all", "deallocate all", "select 1; deallocate all")) {
      same(s, run("s"), run("s"));
      same(2, joined(fails, query(all)));
      same(run("s"), run("s"), s, run("s"), run("s"));
      same(3, joined(fails, query(all), run("s")));
      same(s, run("s"), run("s"));
      same(3, joined(query(all), query("select 1/0"), run("s")));
      same(s, run("s"), run("s"));
    }
    same(query("deallocate all; select 1/0"), run("s"), run("s"), s, run("s"));
    same(query("select 1/0; deallocate all"), run("s"), run("s"));
    for (int i = 0; i < 2; i++) { // what others share is parsed again on both
      move();
      next.send(prepare("s", "select 's'")).readUntil('Z');
      assertEquals("2DCZ", RawPgClient.types(next.send(run("s")).readUntil('Z')));
      next.send(close("s")).readUntil('Z');
    }
  }

  /** Needs what a batch takes away not to be taken for gone while that batch may fail. */
  @Test
  @Tag("case-63")
  void aDeallocateAllBehindOneThatIsSkippedTakesAllAway() throws Exception {
    byte[] all = joined(parse("", "deallocate all"), bind("", ""), execute("", 0));
    byte[] again = joined(bind("", ""), execute("", 0));
    for (int i = 0; i < 3; i++) {
      same(prepare("s", "select 's'"), prepare("t", "select 't'"), run("s"));
      byte[] skipped = joined(parse("", "select 1/0"), bind("", ""), execute("", 0), all, sync());
      same(2, joined(skipped, all, again, again, sync()));
      same(run("s"), run("t"));
      same(prepare("s", "select 's'"), prepare("d", "deallocate all"), run("s"));
      byte[] fails = joined(parse("", "select 1/0"), bind("", ""), execute("", 0), run("d"));
      same(2, joined(fails, run("d")));
      same(run("s"), run("d"));
      same(prepare("s", "select 's'"), run("s"));
      same(2, joined(all, again, sync(), all, parse("s", "select 'new'"), sync()));
      same(run("s"), run("t"), close("s"));
    }
  }

  /** Needs what is made for each name to be made once, and to be done in a loop. */
  @Test
  @Tag("case-63")
  void manyNamesAreTakenAwayManyTimesInOnePipeline() throws Exception {
    int many = 9_000;
    List<byte[]> parses = new ArrayList<>();
    for (int i = 0; i < many; i++) {
      parses.add(parse("s" + i, "select 1"));
    }
    parses.add(sync());
    a.send(joined(parses.toArray(byte[][]::new))).readUntil('Z');
    List<byte[]> frees = new ArrayList<>();
    frees.add(parse("", "deallocate all"));
    for (int i = 0; i < 2_000; i++) {
      frees.add(bind("", ""));
      frees.add(execute("", 0));
    }
    frees.add(sync());
    List<PgMessage> said = a.send(joined(frees.toArray(byte[][]::new))).readUntil('Z');
    assertEquals(1 + 2 * 2_000 + 1, said.size());
    assertEquals("26000", a.send(run("s1")).readUntil('Z').getFirst().sqlState());
    assertEquals("7", a.value("select 7"));
  }

  /** Needs portals to be found by their names, and a bound to what is kept of them. */
  @Test
  @Tag("case-63")
  void veryManyPortalsThatDeallocateAreRefused() throws Exception {
    a.query("begin; select 1");
    a.send(joined(parse("d", "deallocate all"), sync())).readUntil('Z');
    List<byte[]> binds = new ArrayList<>();
    for (int i = 0; i <= 10_000; i++) {
      binds.add(bind("p" + i, "d"));
    }
    binds.add(sync());
    List<PgMessage> said = a.send(joined(binds.toArray(byte[][]::new))).readUntil('Z');
    assertEquals(10_000 + 2, said.size());
    assertEquals("53400", said.get(10_000).sqlState());
    a.query("rollback");
    assertEquals("7", a.value("select 7"));
  }

  // --- long names ------------------------------------------------------------------------------

  /** Needs names to be cut where the server cuts them. */
  @Test
  @Tag("case-66")
  void of63BytesANameIsKnown() throws Exception {
    String name = "n".repeat(63);
    same(prepare(name + "abc", "select 'mine'"), run(name), run(name + "xyz"));
    same(joined(named('D', 'S', name + "?"), sync()));
    same(prepare(name, "select 'other'"));
    same(query("execute " + name), query("execute " + name + "Q"), query("execute N" + name));
    same(query("execute \"" + name + "Q\""));
    same(close(name.substring(1)), run(name));
    same(close(name + "end"), run(name));
    same(prepare(name, "select 'mine'"), query("deallocate " + name + "s"), run(name));
    same(prepare(name, "select 'mine'"), prepare("d", "deallocate " + name + "s"));
    same(run("d"), run(name));
    String half = "n".repeat(62); // the cut is in the middle of a character
    same(prepare(half + "é", "select 'é'"), run(half + "è"), run(half + "e"));
  }

  /** Needs the same of portals, where a DEALLOCATE is bound to one. */
  @Test
  @Tag("case-66")
  void of63BytesAPortalIsKnown() throws Exception {
    String portal = "p".repeat(63);
    same(
        prepare("s", "select 's'"),
        joined(
            parse("", "deallocate s"),
            bind(portal + "abc", ""),
            execute(portal + "xyz", 0),
            sync()),
        run("s"),
        run("s"));
  }

  // --- names in texts --------------------------------------------------------------------------

  private void someStatements() throws Exception {
    same(prepare("s", "select 's' as which"), prepare("t", "select 't' || $1::int as which"));
  }

  /** Needs each name in the text to be found, and each statement to be there. */
  @Test
  @Tag("case-63")
  void severalExecutesInOneQuery() throws Exception {
    someStatements();
    same(query("execute s; execute t(1)"), query("execute t(2); execute s;; execute t(3)"));
    same(query("select 0; execute s"), query("begin; execute s; commit"), query("execute s; "));
    same(query("execute s; select 1/0; execute t(1)"), query("execute s; execute nobody"));
    same(query("explain (costs off) execute s; execute t(1 + abs(-1))"));
    empty();
    same(query("execute s; execute t(1); execute s"), query("execute t(1); execute s"));
    same(2, joined(query("execute s; execute t(1)"), query("execute t(2); execute s")));
  }

  /** Needs AS EXECUTE to be seen behind all that may stand in front of it. */
  @Test
  @Tag("case-63")
  void aTableIsMadeOfWhatAStatementSelects() throws Exception {
    someStatements();
    byte[] drop = query("drop table made");
    same(query("create table made as execute t(1)"), query("select which || '!' from made"), drop);
    same(
        query("create unlogged table made (c) with (fillfactor = 70) as execute s with data"),
        query("select c || '!' from made"),
        drop);
    same(query("create table if not exists made as execute s with no data; drop table made"));
    same(query("explain (costs off) create table made as execute s"));
    same(
        query(
            "begin; create temp table made on commit drop as execute s;"
                + " select which || '!' from made; commit"));
    same(
        joined(parse("", "create table made as execute t(7)"), run("")),
        query("select which || '!' from made"),
        drop);
    same(
        prepare("make", "create table made as execute t(7)"),
        run("make"),
        query("select which || '!' from made"),
        run("make"),
        drop,
        run("make"),
        drop);
  }

  /** Needs the text to mean what the statements mean that it runs. */
  @Test
  @Tag("case-63")
  @Tag("case-82")
  void whatAQuerySetsByItsExecutesGoesWithItsSession() throws Exception {
    someStatements();
    same(prepare("name", "select set_config('app.named', $1::text, false) as which"));
    String seen = "select concat_ws(' ', current_setting('app.named', true), 'seen')";
    same(query("execute t(1); execute name('mine')"), query(seen), query(seen));
    assertEquals("seen", String.valueOf(next.value(seen)).strip());
    same(
        query("begin; create temp table made on commit drop as execute name('made'); commit"),
        query(seen),
        query(seen));
    assertEquals("seen", String.valueOf(next.value(seen)).strip());
  }

  /** Needs a name in the text of a statement to be looked up each time that one runs. */
  @Test
  @Tag("case-63")
  void aNamedStatementMayExecuteAnother() throws Exception {
    someStatements();
    byte[] described =
        joined(named('D', 'S', "x"), bind("", "x"), named('D', 'P', ""), execute("", 0), sync());
    same(prepare("x", "execute s"), described, described);
    empty();
    same(described, described);
    empty();
    same(query("execute t(1)"), described, query("select 1"), described);
    same(close("s"), run("x"), prepare("s", "select 'another' as which"), described, described);
    same(prepare("x", "select 1"), query("execute t(4)"), run("x"));
    same(prepare("y", "execute t(5)"), run("y"), run("y"), close("y"), run("y"));
    same(prepare("z", "execute later"), run("z"), prepare("later", "select 'now'"), run("z"));
    same(prepare("e", "explain (costs off) execute s"), run("e"), run("e"));
    same(close("x"), run("x"), run("s"));
  }

  /** Needs the same of the statement without a name. */
  @Test
  @Tag("case-60")
  @Tag("case-63")
  void theStatementWithoutANameMayExecuteAnother() throws Exception {
    someStatements();
    same(prepare("", "execute s"), run(""), run(""));
    empty();
    byte[] described = joined(named('D', 'S', ""), sync());
    same(described, described, run(""), run(""));
    same(close("s"), run(""), prepare("s", "select 'another'"), run(""), run(""));
    same(prepare("", "deallocate t"), run(""), run("t", "1"), run(""));
  }

  /** Needs the name to be looked for where the session has none yet. */
  @Test
  @Tag("case-63")
  void theStatementWithoutANameMayExecuteOneThatComesLater() throws Exception {
    same(joined(parse("", "execute s"), parse("s", "select 's'"), run("")), run(""), run("s"));
    same(close("s"), prepare("", "deallocate s"), prepare("s", "select 's'"), run(""), run("s"));
  }

  /** Needs the name to be freed by whatever runs the text. */
  @Test
  @Tag("case-63")
  void aNamedStatementMayDeallocateAnother() throws Exception {
    someStatements();
    same(prepare("d", "deallocate s"), run("s"), run("d"), run("s"), run("d"));
    same(prepare("s", "select 'again'"), run("s"), run("d"), run("s"), run("t", "1"));
    same(
        prepare("s", "select 'once more'"),
        joined(FAILS, bind("", "d"), execute("", 0), sync()),
        run("s"));
  }

  /** Needs each DEALLOCATE to count that was carried out, and no other. */
  @Test
  @Tag("case-63")
  void severalDeallocatesInOneQuery() throws Exception {
    byte[] kept = run("kept"); // which is not on every backend
    same(prepare("kept", "select 'kept'"), prepare("kept too", "select 'kept too'"));
    someStatements();
    same(query("deallocate s; deallocate t"), run("s"), run("t", "1"), run("s"), run("t", "1"));
    someStatements();
    same(query("execute s; deallocate s; execute t(1)"), run("s"), run("t", "1"), close("t"));
    someStatements();
    empty();
    same(query("deallocate s; select 1/0; deallocate t"), run("s"), run("t", "1"));
    same(run("s"), kept, run("kept too"), run("t", "1"), close("t"));
    someStatements();
    same(query("deallocate s; execute s"), run("s"), run("t", "1"), close("t"));
    someStatements();
    same(query("begin; deallocate s; rollback"), run("s"), run("t", "1"), close("t"));
    someStatements();
    same(query("deallocate all; execute s"), run("s"), run("t", "1"));
    someStatements();
    same(
        3,
        joined(query("deallocate s; select 1/0; deallocate t"), run("s"), run("t", "1")),
        joined(query("deallocate t"), run("t", "1"), run("s")));
  }

  /** Needs PREPARE to be told what the protocol has taken. */
  @Test
  @Tag("case-60")
  @Tag("case-63")
  void prepareOfATakenNameIsRefused() throws Exception {
    someStatements();
    same(query("prepare s as select 'not that'"), run("s"), run("s"));
    same(query("prepare s as select 'not that'; execute s"), run("s"));
    same(
        joined(parse("", "prepare s as select 1"), bind("", ""), execute("", 0), sync()), run("s"));
  }

  /** Needs the session to have been on both backends in what is said above. */
  @Test
  void theSessionIsMoved() throws Exception {
    String here = a.value("select pg_backend_pid() where true");
    move();
    assertNotEquals(here, a.value("select pg_backend_pid() where true"));
    move();
    assertEquals(here, a.value("select pg_backend_pid() where true"));
  }
}
