package dev.pooler.server.postgres;

import static dev.pooler.server.postgres.TwoBackends.run;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;

/**
 * What a session does with its state, first on a connection of its own and then through pooler,
 * where it is moved to the other of two backends behind each step that lets it go: rows, errors and
 * reported settings are the same, and whoever gets the backend behind it finds nothing of it.
 */
@Timeout(120)
@SuppressWarnings("NullAway.Init")
class StateDifferenceTest {
  /** Databases: of code that leaves something, and without any; each once more for pooler. */
  private static final List<String> DATABASES = List.of("state_code", "state_bare");

  private static final Duration MOMENT = Duration.ofMillis(1);

  /** What is there of a session on its backend; null is nothing. */
  private static final String LEFT =
      """
      select nullif(concat_ws('; ',
        (select string_agg(name || ' = ' || setting, ', ') from pg_settings
          where source = 'session' and name not like 'transaction_%'),
        (select string_agg(n || ' = ' || current_setting(n, true), ', ')
          from unnest(array['app.a', 'app.b', 'app.c', 'a.b.c']) as c(n)
          where current_setting(n, true) <> ''),
        (select 'role ' || current_user || ' of ' || session_user
          where current_user <> 'postgres' or session_user <> 'postgres'),
        (select 'temporary ' || count(*) from pg_depend
          where refclassid = 2615 and refobjid = pg_my_temp_schema() having count(*) > 0),
        (select 'locks ' || count(*) from pg_locks
          where pid = pg_backend_pid() and locktype = 'advisory' having count(*) > 0),
        (select 'cursors ' || count(*) from pg_cursors
          where is_holdable and name <> '' having count(*) > 0),
        (select 'prepared ' || string_agg(name, ', ') from pg_prepared_statements where from_sql),
        (select 'listens ' || string_agg(c, ', ') from pg_listening_channels() as c)), '')\
      """;

  private static PoolerFixture pooler;

  @BeforeAll
  static void start() throws Exception {
    try (RawPgClient admin = SharedServer.direct()) {
      for (String role : List.of("state_role", "state_gone")) {
        run(admin, "drop role if exists " + role);
      }
      run(admin, "create role state_role");
      for (String name : DATABASES) {
        for (String database : List.of(name, name + "_pooled")) {
          run(admin, "drop database if exists " + database + " with (force)");
          run(admin, "create database " + database);
          try (RawPgClient client = direct(database)) {
            run(client, StateScenarios.SCHEMA);
            if (name.equals("state_code")) {
              run(client, StateScenarios.CODE);
            }
          }
        }
      }
    }
    pooler =
        PoolerFixture.start(
            SharedServer.get(),
            """
            databases:
              state_code_pooled: &two
                hosts: ["unix:${PG}"]
                user: postgres
                pool: {size: 2, min-idle: 0, max-wait: 60s}
              state_bare_pooled: *two
            """);
  }

  @AfterAll
  static void stop() throws Exception {
    pooler.close();
    try (RawPgClient admin = SharedServer.direct()) {
      for (String name : DATABASES) {
        admin.query("drop database if exists " + name + " with (force)");
        admin.query("drop database if exists " + name + "_pooled with (force)");
      }
      admin.query("drop role if exists state_role");
      admin.query("drop role if exists state_gone");
    }
  }

  private static RawPgClient direct(String database) throws IOException {
    return RawPgClient.session(
        UnixDomainSocketAddress.of(SharedServer.get().socket()), "postgres", database);
  }

  @TestFactory
  Stream<DynamicTest> asOnAConnectionOfItsOwn() throws IOException {
    return StateScenarios.all().stream()
        .map(scenario -> DynamicTest.dynamicTest(scenario.name(), () -> compare(scenario)));
  }

  private static void compare(StateScenarios.Scenario scenario) throws Exception {
    Seen expected = new Seen();
    try (RawPgClient client = direct(scenario.database())) {
      for (String step : scenario.steps()) {
        expected.add(step, answer(client, step));
      }
    }
    Seen seen = new Seen();
    try (Rotation rotation = new Rotation(scenario.database() + "_pooled", seen)) {
      rotation.run(scenario.steps());
    }
    assertEquals(expected.toString(), seen.toString());
  }

  /** What a session is told. */
  private static final class Seen {
    private final List<String> lines = new ArrayList<>();

    /** The last that was reported of each setting. */
    private final Map<String, String> reported = new TreeMap<>();

    void add(String step, List<PgMessage> answer) {
      reported.putAll(RawPgClient.parameters(answer));
      lines.add(step + " -> " + told(answer));
    }

    /** What another one found on its backend, if it found something. */
    void addLeft(List<PgMessage> found) {
      String left = TwoBackends.value(found);
      if (!left.equals("null")) {
        lines.add("  left for another: " + left);
      }
    }

    @Override
    public String toString() {
      return String.join("\n", lines) + "\n" + reported;
    }
  }

  /** A session, and two others that take the backend it leaves, each until the other one has. */
  private static final class Rotation implements AutoCloseable {
    private final RawPgClient session;
    private final RawPgClient[] others;
    private final Seen seen;
    private int next;
    private boolean held;

    Rotation(String database, Seen seen) throws IOException {
      this.session = pooler.session(database);
      this.others = new RawPgClient[] {pooler.session(database), pooler.session(database)};
      this.seen = seen;
    }

    void run(List<String> steps) throws Exception {
      for (String step : steps) {
        List<PgMessage> answer = answer(session, step);
        seen.add(step, answer);
        if (answer.getLast().body()[0] == 'I') {
          rotate();
        }
      }
      release();
      session.close();
      PoolerFixture.await("the session's end", () -> pooler.clients() == 2);
      for (RawPgClient other : others) {
        TwoBackends.run(other, "begin");
        seen.addLeft(other.query(LEFT));
      }
    }

    /** One takes what the session has left, the other gives back where the session goes next. */
    private void rotate() throws IOException {
      RawPgClient taker = others[next];
      TwoBackends.run(taker, "begin");
      taker.send(PgBytes.query(LEFT));
      while (held && taker.quietFor(MOMENT)) {
        if (!"[]\n".equals(pooler.get("/pins").body())) {
          release(); // the session has left nothing, it is pinned
        }
      }
      seen.addLeft(taker.readUntil('Z'));
      TwoBackends.run(taker, "select nextval('others')");
      release();
      next = 1 - next;
      held = true;
    }

    private void release() throws IOException {
      if (held) {
        TwoBackends.run(others[1 - next], "commit");
        held = false;
      }
    }

    @Override
    public void close() throws IOException, SQLException {
      session.close();
      for (RawPgClient other : others) {
        other.close();
      }
      PoolerFixture.await("their end", () -> pooler.clients() == 0);
    }
  }

  /** Sends what a line of the scenarios says. */
  private static List<PgMessage> answer(RawPgClient client, String step) throws IOException {
    if (step.startsWith("&")) {
      String[] queries = step.substring(1).split("&&");
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      for (String query : queries) {
        out.writeBytes(PgBytes.query(query));
      }
      return read(client.send(out.toByteArray()), queries.length);
    }
    if (!step.startsWith(">")) {
      return client.query(step);
    }
    String[] batches = step.substring(1).split("\\|\\|");
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (String batch : batches) {
      for (String statement : batch.split(" \\| ")) {
        String[] parts = statement.strip().split(" <- ");
        out.writeBytes(PgBytes.parse("", parts[0]));
        String[] values = parts.length == 1 ? new String[0] : parts[1].split(",");
        out.writeBytes(PgBytes.bind("", "", values));
        out.writeBytes(PgBytes.execute("", 0));
      }
      out.writeBytes(PgBytes.sync());
    }
    return read(client.send(out.toByteArray()), batches.length);
  }

  private static List<PgMessage> read(RawPgClient client, int ready) throws IOException {
    List<PgMessage> all = new ArrayList<>();
    for (int i = 0; i < ready; i++) {
      all.addAll(client.readUntil('Z'));
    }
    return all;
  }

  private static String told(List<PgMessage> answer) {
    StringBuilder told = new StringBuilder();
    for (PgMessage message : answer) {
      switch (message.type()) {
        case 'D' -> told.append(message.row());
        case 'C' -> told.append(message.strings().getFirst()).append(' ');
        case 'E' -> told.append("ERROR ").append(message.sqlState()).append(' ');
        case 'N' -> told.append("NOTICE ").append(message.sqlState()).append(' ');
        case 'A' -> {
          byte[] body = message.body();
          told.append("HEARD ")
              .append(new String(body, 4, body.length - 5, UTF_8).replace('\0', ' '))
              .append(' ');
        }
        case 'Z' -> told.append((char) message.body()[0]);
        default -> {}
      }
    }
    return told.toString();
  }
}
