package dev.pooler.core.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dev.pooler.core.console.Command.Block;
import dev.pooler.core.console.Command.Control;
import dev.pooler.core.console.Command.Quiet;
import dev.pooler.core.console.Command.Show;
import dev.pooler.core.console.Command.Verb;
import dev.pooler.core.session.SqlFailure;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class CommandReaderTest {
  @Test
  void caseSpaceCommentsAndSemicolonsDoNotMatter() {
    assertEquals(List.of(new Show(Table.POOLS)), commands(" /* x */ show\n  Pools -- ;\n ; "));
    assertEquals(List.of(new Show(Table.CLIENTS)), commands("SELECT clients"));
    assertEquals(List.of(new Command.Empty()), commands(" ; -- nothing"));
  }

  @Test
  void aNameMayBeQuotedAndIsTakenAsItStands() {
    assertEquals(List.of(new Control(Verb.PAUSE, "App;x")), commands("PAUSE \"App;x\""));
    assertEquals(List.of(new Control(Verb.KILL, "a\"b")), commands("kill \"a\"\"b\";"));
    assertEquals(List.of(new Control(Verb.RESUME, null)), commands("RESUME"));
    assertEquals(List.of(new Control(Verb.RECONNECT, "my-db.x")), commands("RECONNECT my-db.x"));
  }

  @Test
  void severalCommandsInOneTextKeepTheirOrder() {
    assertEquals(
        List.of(
            new Quiet("BEGIN", Block.OPENS, null),
            new Show(Table.STATS),
            new Quiet("COMMIT", Block.ENDS, null)),
        commands("begin; show stats; commit"));
  }

  /** Needs the words that drivers say to every server to be known and to do nothing. */
  @Test
  @Tag("case-72")
  void whatDriversSayIsTakenAndDoesNothing() {
    for (String said :
        List.of(
            "BEGIN READ ONLY",
            "START TRANSACTION ISOLATION LEVEL SERIALIZABLE",
            "SAVEPOINT a",
            "ROLLBACK TO SAVEPOINT a",
            "SET extra_float_digits = 3",
            "SET datestyle TO 'ISO'",
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
            "SET TIME ZONE 'UTC'",
            "DISCARD ALL",
            "DEALLOCATE ALL",
            "RESET ALL",
            "UNLISTEN *",
            "CLOSE ALL")) {
      assertInstanceOf(Quiet.class, commands(said).getFirst(), said);
    }
    Quiet back = assertInstanceOf(Quiet.class, commands("ROLLBACK TO a").getFirst());
    assertEquals(Block.STAYS, back.block());
    assertEquals(List.of(new Command.Constant(1)), commands("SELECT 1"));
  }

  @Test
  void anUnknownWordIsNamedWithTheNearestKnownOne() {
    assertWrong("42601", "there is no SHOW POLS; did you mean \"POOLS\"?", "SHOW POLS");
    assertWrong("42601", "unknown command \"PUASE\"; did you mean \"PAUSE\"?", "puase app");
    assertWrong("42601", "unknown command \"VACUUM\"", "vacuum");
    assertWrong("42601", "PAUSE can't be followed by \"b\"", "PAUSE a b");
    assertWrong("42601", "SHOW SESSION needs the id of SHOW CLIENTS", "SHOW SESSION x");
    assertWrong("42601", "KILL_CLIENT needs the id of SHOW CLIENTS", "KILL_CLIENT");
    assertWrong(
        "42601", "this is the console of pooler, no database: it has no SELECT", "select now()");
    assertWrong(
        "0A000",
        "SET changes nothing at the console: default_pool_size",
        "SET default_pool_size = 5");
  }

  private static List<Command> commands(String sql) {
    return assertInstanceOf(CommandReader.Read.Commands.class, CommandReader.read(sql)).commands();
  }

  private static void assertWrong(String state, String message, String sql) {
    SqlFailure failure =
        assertInstanceOf(CommandReader.Read.Wrong.class, CommandReader.read(sql)).failure();
    assertEquals(message, failure.message());
    assertEquals(state, failure.sqlState());
  }
}
