package dev.pooler.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

final class DemoTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void checkRunsStatementsThroughEverySocketAndAllAreRight() {
    assertEquals(0, run("--check", "--pool-size", "3"), () -> out + "\n" + err);
    String text = out.toString();
    assertTrue(text.contains("ok    PostgreSQL through pooler: COPY in and out\n"), text);
    assertTrue(text.contains("ok    pooler: /metrics has counted transactions\n"), text);
    assertTrue(text.contains("ok    PostgreSQL directly: COPY in and out\n"), text);
    assertTrue(text.contains("ok    console: SHOW PINS has a temporary table for"), text);
    assertTrue(text.contains("psql -h "), text);
  }

  @Test
  void aWrongPoolModeIsToldWithWhatIsAllowed() {
    assertEquals(2, run("--pool-mode", "sesion"));
    assertTrue(err.toString().contains("session, transaction, statement"), err::toString);
    assertEquals(1, err.toString().lines().count(), "one line");
  }

  @Test
  void aPoolSizeOutOfRangeIsToldWithTheRange() {
    assertEquals(2, run("--pool-size", "0"));
    assertEquals("pooler demo: --pool-size is 0; allowed is 1 to 1000\n", err.toString());
  }

  @Test
  void anUnknownOptionIsToldInOneLineWithWhatWasMeant() {
    assertEquals(2, run("--pool-sise=4"));
    assertEquals(
        "pooler demo: unknown option \"--pool-sise\"; did you mean \"--pool-size\"?\n",
        err.toString());
  }

  private int run(String... arguments) {
    return Demo.commandLine()
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(arguments);
  }
}
