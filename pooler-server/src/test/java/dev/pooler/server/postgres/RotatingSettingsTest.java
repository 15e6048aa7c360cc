package dev.pooler.server.postgres;

import static dev.pooler.server.postgres.TwoBackends.error;
import static dev.pooler.server.postgres.TwoBackends.execute;
import static dev.pooler.server.postgres.TwoBackends.prepare;
import static dev.pooler.server.postgres.TwoBackends.run;
import static dev.pooler.server.postgres.TwoBackends.value;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Settings of one session that is seen on two backends amid noisy neighbours, one of whom sets
 * search_path, role, DateStyle, TimeZone, strings, time limits and custom settings all the time.
 */
@Timeout(120)
@SuppressWarnings("NullAway.Init")
class RotatingSettingsTest {
  private static TwoBackends two;
  private RawPgClient session;

  @BeforeAll
  static void start() throws Exception {
    two = TwoBackends.start();
  }

  @AfterAll
  static void stop() throws Exception {
    two.close();
  }

  @BeforeEach
  void connect() throws Exception {
    session = two.session();
  }

  private static String ask(RawPgClient client, String name) throws Exception {
    String sql = "select current_setting('" + name + "', true)";
    String found = client.value(sql);
    return found == null ? "" : found;
  }

  private void isOnBoth(String name, String value) throws Exception {
    two.onBoth(session, () -> assertEquals(value, ask(session, name), name));
  }

  /** Each needs its statement's effect known, moved with the session, and taken back. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "set work_mem = '5MB' | work_mem | 5MB | reset work_mem | 4MB",
        "set session datestyle to german, dmy | DateStyle | German, DMY | set datestyle to default | ISO, MDY",
        "/* now */ set search_path = mine, public -- please | search_path | mine, public | reset all | \"$user\", public",
        "set role rotation_quiet | role | rotation_quiet | reset role | none",
        "set session authorization rotation_quiet | session_authorization | rotation_quiet | reset session authorization | postgres",
        "select set_config('work_mem', '6MB', false) | work_mem | 6MB | discard all | 4MB",
        "set app.tenant = '42' | app.tenant | 42 | reset app.tenant | ''",
        "set app.my.tenant = '42' | app.my.tenant | 42 | reset app.my.tenant | ''",
        "select set_config('app.tenant', '43', false) | app.tenant | 43 | set app.tenant to '' | ''",
        "set work_mem = '7MB'; set datestyle = german | work_mem | 7MB | reset all; select 1 | 4MB",
        "begin; set work_mem = '8MB'; commit | work_mem | 8MB | begin; reset work_mem; commit | 4MB",
        "begin; savepoint a; set work_mem = '8MB'; release a; set local work_mem = '1MB'; commit | work_mem | 8MB | reset all | 4MB",
        "set session characteristics as transaction isolation level serializable | default_transaction_isolation | serializable | reset default_transaction_isolation | read committed",
        "do $$ begin perform set_config('app.tenant', 'done', false); end $$ | app.tenant | done | reset app.tenant | ''",
        "select paint('green') | app.paint | green | discard all | ''",
        "select paint('green') | work_mem | 9MB | reset all | 4MB",
        "insert into marked values (77) | app.mark | 77 | reset app.mark | ''",
        "set standard_conforming_strings = off | standard_conforming_strings | off | reset all | on",
        "set time zone 'Europe/Berlin' | TimeZone | Europe/Berlin | set client_min_messages = error; reset all; set time zone default | Etc/UTC",
      })
  void whatIsSetIsThereOnBothAndWhatIsResetOnNeither(
      String set, String name, String mine, String reset, String after) throws Exception {
    String before = ask(session, name);
    run(session, set);
    isOnBoth(name, mine);
    run(session, reset);
    isOnBoth(name, name.equals("TimeZone") ? before : after);
  }

  /** Each needs what was rolled back, or local, forgotten. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "begin; set work_mem = '8MB'; rollback",
        "begin; savepoint a; set work_mem = '8MB'; rollback to a; commit",
        "begin; set local work_mem = '8MB'; commit",
        "begin; select set_config('work_mem', '8MB', true); commit",
        "begin; select paint('gone'); rollback",
        "begin; set role rotation_quiet; rollback",
        "begin; set local role rotation_quiet; commit",
      })
  void whatIsRolledBackOrLocalIsOnNeither(String sql) throws Exception {
    two.onBoth(
        session,
        () -> {
          run(session, sql);
          assertEquals("4MB", ask(session, "work_mem"));
          assertEquals("", ask(session, "app.paint"));
          assertEquals("postgres", session.value("select current_user"));
        });
  }

  /** Needs the server asked: the text shows a parameter. */
  @Test
  void aSettingWhoseValueIsBoundMoves() throws Exception {
    prepare(session, "set", "select set_config('work_mem', $1, false)");
    prepare(session, "tenant", "select set_config('app.tenant', $1, false)");
    two.onBoth(
        session,
        () -> {
          assertEquals("3MB", value(execute(session, "set", "3MB")));
          assertEquals("bound", value(execute(session, "tenant", "bound")));
        });
    isOnBoth("work_mem", "3MB");
    isOnBoth("app.tenant", "bound");
  }

  /** RESET ALL is not RESET ROLE: the role must be known, and moved, and not left to others. */
  @Test
  void resetAllLeavesTheRoleToItsSession() throws Exception {
    run(session, "set role rotation_quiet");
    run(session, "set work_mem = '5MB'");
    run(session, "reset all");
    two.onBoth(
        session,
        () -> {
          assertEquals("rotation_quiet", session.value("select current_user"));
          assertEquals("4MB", ask(session, "work_mem"));
        });
    run(session, "reset role");
    two.onBoth(session, () -> assertEquals("postgres", session.value("select current_user")));
  }

  @Test
  void whatTheStartUpPacketAskedForIsThereAndComesBackWithReset() throws Exception {
    RawPgClient started =
        two.session(
            "options",
            "-c work_mem=6MB -c app.tenant=started --search-path=mine",
            "application_name",
            "starter",
            "DateStyle",
            "SQL, DMY");
    List<String> names =
        List.of("work_mem", "app.tenant", "search_path", "application_name", "DateStyle");
    List<String> values = List.of("6MB", "started", "mine", "starter", "SQL, DMY");
    PoolerFixture.Condition all =
        () -> {
          for (int i = 0; i < names.size(); i++) {
            String sql = "select current_setting('" + names.get(i) + "', true)";
            assertEquals(values.get(i), started.value(sql));
          }
          return "mine".equals(started.value("select which from item"));
        };
    two.onBoth(started, () -> assertTrue(all.holds()));
    run(started, "set work_mem = '5MB'");
    run(started, "set search_path = hostile");
    two.onBoth(started, () -> assertEquals("hostile", started.value("select which from item")));
    run(started, "reset all");
    two.onBoth(started, () -> assertTrue(all.holds()));
  }

  /** Needs whatever neighbours set taken back, or a session that set nothing sees it. */
  @Test
  void aSessionThatSetsNothingSeesWhatAServerOfItsOwnWouldTell() throws Exception {
    String everything =
        "select string_agg(name || '=' || setting, ', ' order by name) from pg_settings"
            + " where name <> 'application_name' and name not like 'plpgsql.%'";
    String who =
        "select concat_ws('|', session_user, current_user, current_setting('role'),"
            + " current_schemas(true)::text, (select which from item), '\\', date '2026-02-03',"
            + " nullif(current_setting('app.tenant', true), ''),"
            + " nullif(current_setting('app.paint', true), ''),"
            + " (select count(*) from pg_locks where pid = pg_backend_pid()"
            + " and locktype = 'advisory'), (select count(*) from pg_cursors"
            + " where is_holdable), (select count(*) from pg_listening_channels()))";
    String settings;
    String state;
    try (RawPgClient direct = TwoBackends.direct()) {
      settings = direct.value(everything);
      state = direct.value(who);
    }
    two.onBoth(
        session,
        () -> {
          assertEquals(settings, session.value(everything));
          // A backend that had temporary tables has a schema for them, which is empty.
          assertEquals(state, String.valueOf(session.value(who)).replaceAll("pg_temp_\\d+,", ""));
        });
  }

  @Test
  void aSettingThatFailsIsNotKept() throws Exception {
    run(session, "set work_mem = '5MB'");
    two.onBoth(
        session,
        () -> {
          assertEquals("22023", error(session.query("set work_mem = 'much'")));
          assertEquals("42704", error(session.query("set no_such_setting = 1")));
          assertEquals("5MB", ask(session, "work_mem"));
        });
  }

  @Test
  void aTransactionsOwnCharacteristicsEndWithIt() throws Exception {
    two.onBoth(
        session,
        () -> {
          run(session, "begin");
          run(session, "set transaction isolation level repeatable read, read only");
          assertEquals("repeatable read", session.value("show transaction_isolation"));
          assertEquals("25006", error(session.query("insert into scratch values (9)")));
          run(session, "rollback");
          assertEquals("read committed", session.value("show transaction_isolation"));
          assertEquals("off", session.value("show transaction_read_only"));
        });
  }

  /** What ParameterStatus said last is what SHOW says, whatever backend answers. */
  @Test
  void whatTheClientWasToldHoldsOnBoth() throws Exception {
    RawPgClient told = two.connect();
    Map<String, String> truth =
        new LinkedHashMap<>(
            RawPgClient.parameters(told.login(TwoBackends.startup("TimeZone", "Asia/Kolkata"))));
    List<String> shown =
        List.of(
            "TimeZone",
            "DateStyle",
            "IntervalStyle",
            "client_encoding",
            "standard_conforming_strings",
            "default_transaction_read_only",
            "application_name",
            "is_superuser",
            "session_authorization");
    PoolerFixture.Condition same =
        () -> {
          for (String name : shown) {
            List<PgMessage> answer = told.query("show " + name);
            truth.putAll(RawPgClient.parameters(answer));
            assertEquals(truth.get(name), value(answer), name);
          }
          return true;
        };
    two.onBoth(told, () -> assertTrue(same.holds()));
    assertEquals("Asia/Kolkata", truth.get("TimeZone"));
    List<PgMessage> answers = new ArrayList<>();
    answers.addAll(run(told, "set datestyle = 'SQL, YMD'"));
    answers.addAll(run(told, "set application_name = 'told'"));
    answers.addAll(run(told, "select set_config('TimeZone', 'Asia/Dili', false)"));
    truth.putAll(RawPgClient.parameters(answers));
    assertEquals("SQL, YMD", truth.get("DateStyle"));
    assertEquals("told", truth.get("application_name"));
    assertEquals("Asia/Dili", truth.get("TimeZone"));
    two.onBoth(told, () -> assertTrue(same.holds()));
  }
}
