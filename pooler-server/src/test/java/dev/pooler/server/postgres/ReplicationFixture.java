package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.pooler.testkit.server.EmbeddedPostgres;
import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A server whose log can be decoded, and what replication clients say by hand. */
final class ReplicationFixture {
  /** One entry in transaction mode with one pooled backend. */
  static final String ONE =
      """
      databases:
        postgres:
          hosts: ["unix:${PG}"]
          user: postgres
          replication: true
          pool: {size: 1, min-idle: 0, replication-size: 3}
      """;

  private ReplicationFixture() {}

  static EmbeddedPostgres server() throws IOException {
    return EmbeddedPostgres.builder().setting("wal_level", "logical").start();
  }

  /** Logged in: {@code kind} is what libpq calls replication. */
  static RawPgClient client(PoolerFixture pooler, String kind, String... more) throws IOException {
    RawPgClient client = pooler.raw();
    try {
      client.login(parameters(kind, more));
      return client;
    } catch (IOException | RuntimeException e) {
      client.close();
      throw e;
    }
  }

  /** As libpq's programs name the database. */
  static Map<String, String> parameters(String kind, String... more) {
    Map<String, String> all = new HashMap<>();
    all.put("user", "postgres");
    all.put("database", kind.equals("database") ? "postgres" : "replication");
    all.put("replication", kind);
    for (int i = 0; i < more.length; i += 2) {
      all.put(more[i], more[i + 1]);
    }
    return all;
  }

  /** What the server says to who may not log in. */
  static PgMessage refusal(PoolerFixture pooler, Map<String, String> parameters)
      throws IOException {
    try (RawPgClient client = pooler.raw()) {
      List<PgMessage> said =
          client.send(PgBytes.startup(PgBytes.VERSION_3_0, parameters)).readToEnd();
      PgMessage last = said.getLast();
      assertEquals("FATAL", last.field('S'), said::toString);
      return last;
    }
  }

  /** The row of IDENTIFY_SYSTEM: system, timeline, position, database. */
  static List<String> identify(RawPgClient client) throws IOException {
    return RawPgClient.rows(client.query("IDENTIFY_SYSTEM"))
        .findFirst()
        .map(row -> row.stream().map(String::valueOf).toList())
        .orElseThrow();
  }

  /** Begins to stream the log as it is; the CopyBothResponse is read. */
  static void stream(RawPgClient client) throws IOException {
    String from = identify(client).get(2);
    client.send(PgBytes.query("START_REPLICATION " + from));
    PgMessage answer = client.read();
    assertEquals('W', answer.type(), answer::toString);
  }

  /** Reads the stream up to the first log data. */
  static PgMessage nextData(RawPgClient client) throws IOException {
    while (true) {
      PgMessage message = client.read();
      assertEquals('d', message.type(), message::toString);
      if (message.body()[0] == 'w') {
        return message;
      }
    }
  }

  /** Walsenders of the server. */
  static int walsenders(RawPgClient observer) throws IOException {
    return Integer.parseInt(
        String.valueOf(
            observer.value(
                "select count(*) from pg_stat_activity where backend_type = 'walsender'")));
  }

  static void awaitWalsenders(EmbeddedPostgres server, int count) throws Exception {
    try (RawPgClient observer = SharedServer.direct(server)) {
      PoolerFixture.await(count + " walsenders", () -> walsenders(observer) == count);
    }
  }
}
