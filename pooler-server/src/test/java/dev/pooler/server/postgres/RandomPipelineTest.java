package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Prepared statements in pipelines that nobody would think of, by seed: what the server answers to
 * a client of its own is what a client of pooler gets, on two backends that change under it. {@code
 * -Dseeds=N} runs more of them, {@code -Dseed=N} one.
 */
@Timeout(3600)
@SuppressWarnings("NullAway.Init")
class RandomPipelineTest {
  /** Of the simulation's seeds, one in so many: here a server is asked. */
  private static final long SHARE = 20;

  private static PoolerFixture pooler;

  @BeforeAll
  static void start() throws Exception {
    pooler =
        PoolerFixture.start(
            SharedServer.get(),
            """
            databases:
              postgres:
                hosts: ["unix:${PG}"]
                user: postgres
                pool: {size: 2, min-idle: 0, prepared-statements: 3}
            """);
  }

  @AfterAll
  static void stop() throws Exception {
    pooler.close();
  }

  /**
   * A message of the client.
   *
   * @param reads the client reads all answers before it goes on
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Step(String what, char type, byte[] bytes, boolean reads) {}

  /** One client's side of it: reads what answers the messages that it has sent. */
  private static final class Talk {
    private final RawPgClient client;

    /** The server skips to the next Sync. */
    private boolean skipped;

    /** The transaction has: what must be parsed there for a Bind is refused with 25P02. */
    private boolean failed;

    Talk(RawPgClient client) {
      this.client = client;
    }

    /** Sends messages and reads what answers them; all of that as text. */
    String say(List<Step> steps) throws IOException {
      byte[][] parts = steps.stream().map(Step::bytes).toArray(byte[][]::new);
      client.send(PgBytes.joined(parts));
      StringBuilder said = new StringBuilder();
      try {
        for (Step step : steps) {
          hear(step, said);
        }
      } catch (IOException e) {
        said.append(e).append('\n');
      }
      return said.toString();
    }

    private void hear(Step step, StringBuilder said) throws IOException {
      String last =
          switch (step.type()) {
            case 'P' -> "1";
            case 'B' -> "2";
            case 'C' -> "3";
            case 'D' -> "Tn";
            case 'E' -> "CIs";
            case 'Q', 'S' -> "Z";
            default -> "";
          };
      skipped &= step.type() != 'S';
      if (skipped || last.isEmpty()) {
        return;
      }
      said.append(step.what()).append(": ");
      PgMessage message;
      do {
        message = client.read();
        said.append(text(message));
        skipped |= message.isError() && !last.equals("Z");
        failed = message.type() == 'Z' ? message.body()[0] == 'E' : failed;
      } while (!skipped && last.indexOf(message.type()) < 0);
      said.append('\n');
    }

    private String text(PgMessage message) {
      return switch (message.type()) {
        case 'N', 'S' -> "";
        case 'E' -> failed ? "E " : "E " + message.sqlState() + " ";
        case 'D' -> "D" + message.row() + " ";
        case 'C' -> message.strings() + " ";
        default -> message.type() + HexFormat.of().formatHex(message.body()) + " ";
      };
    }
  }

  /** Who has the other backend, and names and texts that look the same. */
  private static final class Neighbour {
    private final RawPgClient client;
    private boolean holds;

    Neighbour(RawPgClient client) throws IOException {
      this.client = client;
      client.send(PgBytes.parse("s", "select 'neighbour'"), PgBytes.sync()).readUntil('Z');
    }

    /** Takes or leaves a backend: the one that was used last, and whoever is next the other. */
    void move(Random random) throws IOException {
      client.query(holds ? "commit" : "begin; select 1");
      holds = !holds;
      if (random.nextBoolean()) {
        client.send(PgBytes.parse("", "select 'neighbour'"), PgBytes.sync()).readUntil('Z');
      }
      if (random.nextInt(8) == 0 && !holds) {
        client.query("discard all");
        client.send(PgBytes.parse("s", "select 'neighbour'"), PgBytes.sync()).readUntil('Z');
      }
      String name = random.nextInt(3) == 0 ? "t" : "s";
      List<PgMessage> answer =
          client
              .send(PgBytes.bind("", name), PgBytes.execute("", 0), PgBytes.sync())
              .readUntil('Z');
      if (name.equals("s")) {
        assertEquals("2DCZ", RawPgClient.types(answer), answer.toString());
        assertEquals(List.of("neighbour"), answer.get(1).row());
      } else {
        assertEquals("26000", answer.getFirst().sqlState());
        if (holds) {
          client.query("rollback");
          holds = false;
        }
      }
    }
  }

  /** What a client sends, by seed. */
  private static final class Script {
    private final Random random;
    private final long seed;
    private final List<Step> steps = new ArrayList<>();

    /** Something of the extended protocol has been sent, and no Sync behind it. */
    private boolean open;

    private boolean executed;

    /**
     * Whether statements have texts that name others: as what they are described, and what EXECUTE
     * finds behind EXECUTE, is known to differ.
     */
    private final boolean naming;

    Script(long seed) {
      this.seed = seed;
      this.random = new Random(seed * 7919);
      this.naming = random.nextBoolean();
    }

    List<Step> write() {
      int length = 5 + random.nextInt(60);
      for (int i = 0; i < length; i++) {
        one();
      }
      sync(true);
      return steps;
    }

    private void one() {
      int kind = random.nextInt(100);
      if (kind < 20) {
        parse();
      } else if (kind < 45) {
        String portal = portal();
        bind(portal);
        if (random.nextInt(3) == 0) {
          add("describe portal " + portal, 'D', PgBytes.named('D', 'P', portal));
        }
        execute(portal);
      } else if (kind < 50) {
        bind(portal());
      } else if (kind < 54) {
        execute("p");
      } else if (kind < 62) {
        String name = naming ? pick("s", "t") : name();
        add("describe " + name, 'D', PgBytes.named('D', 'S', name));
      } else if (kind < 68) {
        String name = name();
        add("close " + name, 'C', PgBytes.named('C', 'S', name));
      } else if (kind < 70) {
        String portal = portal();
        add("close portal " + portal, 'C', PgBytes.named('C', 'P', portal));
      } else if (kind < 84) {
        sync(random.nextBoolean());
      } else if (kind < 87) {
        steps.add(new Step("flush", 'H', PgBytes.flush(), true));
      } else if (!executed) { // else PostgreSQL 18 loses its transaction
        String sql = query();
        boolean reads = random.nextBoolean();
        steps.add(new Step(sql, 'Q', PgBytes.query(sql), reads));
      }
    }

    private void add(String what, char type, byte[] bytes) {
      steps.add(new Step(what, type, bytes, false));
      open = true;
      executed |= type == 'E';
    }

    private void sync(boolean reads) {
      steps.add(new Step("sync", 'S', PgBytes.sync(), reads));
      open = false;
      executed = false;
    }

    private void parse() {
      String name = name();
      String sql = name.equals("s") || name.equals("t") || !naming ? plain() : any();
      if (name.equals("x")) {
        sql = sql.replace("deallocate x", "deallocate s");
      }
      add("parse " + name + " = " + sql, 'P', PgBytes.parse(name, sql));
    }

    private void bind(String portal) {
      String name = name();
      String[] values = random.nextInt(5) == 0 ? new String[] {"7"} : new String[0];
      add(
          "bind " + portal + " = " + name + " " + List.of(values),
          'B',
          PgBytes.bind(portal, name, values));
    }

    private void execute(String portal) {
      add("run " + portal, 'E', PgBytes.execute(portal, random.nextInt(3) == 0 ? 1 : 0));
    }

    private String portal() {
      return random.nextInt(4) == 0 ? "p" : "";
    }

    /** One that statements of the protocol have. */
    private String name() {
      return pick("s", "s", "t", "t", "x", "", "", "");
    }

    private String pick(String... some) {
      return some[random.nextInt(some.length)];
    }

    private String plain() {
      return switch (random.nextInt(14)) {
        case 0 -> "selec";
        case 1 -> "select * from nowhere_at_all";
        case 2 -> "select 1/0";
        case 3 -> "select $1::int, '" + seed + "'";
        case 4 -> "select generate_series(1, 3)";
        case 5 -> naming ? "select" : "";
        default -> "select '" + seed + "/" + random.nextInt(4) + "'";
      };
    }

    private String any() {
      return switch (random.nextInt(9)) {
        case 0 -> "execute " + pick("s", "t", "nobody");
        case 1 -> "deallocate " + pick("s", "t", "x", "nobody", "all");
        case 2 -> control();
        case 3 -> pick("explain (costs off) execute s", "prepare q as select 'q'", "execute q");
        default -> plain();
      };
    }

    private String control() {
      return pick(
          "begin",
          "commit",
          "rollback",
          "set enable_hashjoin = off",
          "set local enable_hashjoin = off",
          "reset all",
          "savepoint a",
          "rollback to a");
    }

    private String query() {
      String frees =
          pick(
              "deallocate s",
              "deallocate all",
              "deallocate t; deallocate x",
              "discard all",
              "deallocate s; select 1/0; deallocate t",
              "begin; deallocate all; rollback",
              "deallocate q");
      return switch (random.nextInt(9)) {
        // Within a batch, DEALLOCATE is known to be refused.
        case 0, 1 -> open ? plain() : frees;
        case 2 -> pick("execute s", "execute t", "execute s; execute t", "execute t(7)");
        case 3 -> pick("prepare q as select 'q'", "execute q");
        case 4, 5 -> control();
        case 6 -> pick("begin; select 1", "explain (costs off) execute s", "select 1; execute s");
        default -> plain();
      };
    }
  }

  @Test
  void aPipelineIsAnsweredAsByAServerOfItsOwn() throws Exception {
    Long one = Long.getLong("seed");
    long first = one == null ? 1 : one;
    long last = one == null ? Math.max(1, Long.getLong("seeds", 2000) / SHARE) : one;
    for (long seed = first; seed <= last; seed++) {
      List<Step> steps = script(seed);
      String difference = difference(seed, steps);
      if (difference != null) {
        throw new AssertionError("seed " + seed + ": " + difference);
      }
    }
    PoolerFixture.await(
        "nothing is kept for who is gone", () -> pooler.metric("pooler_kept_bytes") == 0);
  }

  static List<Step> script(long seed) {
    return new Script(seed).write();
  }

  /** Null if there is none. */
  static @Nullable String difference(long seed, List<Step> steps) throws Exception {
    Random random = new Random(seed);
    try (RawPgClient direct = SharedServer.direct();
        RawPgClient client = pooler.session("postgres");
        RawPgClient other = pooler.session("postgres")) {
      Talk wanted = new Talk(direct);
      Talk talk = new Talk(client);
      Neighbour neighbour = new Neighbour(other);
      StringBuilder before = new StringBuilder();
      List<Step> part = new ArrayList<>();
      for (Step step : steps) {
        part.add(step);
        if (step.reads()) {
          neighbour.move(random);
          String expected = wanted.say(part);
          String said = talk.say(part);
          if (!expected.equals(said)) {
            return "\nbehind\n" + before + "wanted\n" + expected + "but was\n" + said;
          }
          before.append(said).append("--\n");
          part.clear();
        }
      }
      return null;
    }
  }
}
