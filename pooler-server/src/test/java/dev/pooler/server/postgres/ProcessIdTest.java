package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The process id that a client was told at its login is the one that it finds and names. */
@Timeout(60)
@SuppressWarnings("NullAway.Init")
class ProcessIdTest {
  private PoolerFixture pooler;
  private RawPgClient a;
  private RawPgClient b;
  private int toldA;
  private int toldB;

  @BeforeEach
  void start() throws Exception {
    pooler = PoolerFixture.ofPoolSize(SharedServer.get(), 2);
    a = pooler.raw();
    b = pooler.raw();
    toldA = login(a, "postgres");
    toldB = login(b, "postgres");
  }

  @AfterEach
  void stop() throws Exception {
    a.close();
    b.close();
    pooler.close();
  }

  private static int login(RawPgClient client, String user) throws IOException {
    return client.login(Map.of("user", user, "database", "postgres")).stream()
        .filter(message -> message.type() == 'K')
        .findFirst()
        .orElseThrow()
        .firstInt();
  }

  /** Needs the text to be rewritten in Query and Parse, and not to be shared. */
  @Test
  void itsOwnProcessIdIsTheOneItWasTold() throws Exception {
    for (RawPgClient client : List.of(a, b, a, b)) {
      int told = client == a ? toldA : toldB;
      List<PgMessage> answer = client.query("select pg_backend_pid()");
      assertEquals("TDCZ", RawPgClient.types(answer));
      assertEquals("" + told, RawPgClient.rows(answer).findFirst().orElseThrow().getFirst());
      assertEquals("pg_backend_pid", name(answer.getFirst()));
      List<PgMessage> extended =
          client
              .send(
                  PgBytes.parse("s" + told, "select 1, pg_backend_pid() as me, 2"),
                  PgBytes.bind("", "s" + told),
                  PgBytes.named('D', 'P', ""),
                  PgBytes.execute("", 0),
                  PgBytes.named('C', 'S', "s" + told),
                  PgBytes.sync())
              .readUntil('Z');
      assertEquals("12TDC3Z", RawPgClient.types(extended));
      assertEquals(
          List.of("1", "" + told, "2"), RawPgClient.rows(extended).findFirst().orElseThrow());
      assertEquals(
          "" + told,
          RawPgClient.rows(
                  client
                      .send(
                          PgBytes.parse("", "select pg_backend_pid()"),
                          PgBytes.bind("", ""),
                          PgBytes.execute("", 0),
                          PgBytes.sync())
                      .readUntil('Z'))
              .findFirst()
              .orElseThrow()
              .getFirst());
    }
    String servers = a.value("select pid from pg_stat_activity where pid = pg_backend_pid()");
    assertNotEquals("" + toldA, servers);
  }

  private static String name(PgMessage rowDescription) {
    byte[] body = rowDescription.body();
    int end = 2;
    while (body[end] != 0) {
      end++;
    }
    return new String(body, 2, end - 2, java.nio.charset.StandardCharsets.UTF_8);
  }

  @Test
  void aCancelByProcessIdHitsTheSessionThatWasToldIt() throws Exception {
    a.send(PgBytes.query("select pg_sleep(30)"));
    try (RawPgClient direct = SharedServer.direct()) {
      PoolerFixture.await(
          "it sleeps",
          () ->
              "1"
                  .equals(
                      direct.value(
                          "select count(*) from pg_stat_activity where query = 'select pg_sleep(30)'"
                              + " and state = 'active'")));
    }
    List<PgMessage> answer = b.query("select pg_cancel_backend(" + toldA + ")");
    assertEquals("TDCZ", RawPgClient.types(answer));
    assertEquals("t", RawPgClient.rows(answer).findFirst().orElseThrow().getFirst());
    List<PgMessage> cancelled = a.readUntil('Z');
    assertEquals(
        "57014",
        cancelled.stream().filter(PgMessage::isError).findFirst().orElseThrow().sqlState());
    assertEquals("f", b.value("select pg_cancel_backend(2000000000)"), "the server's own answer");
    assertEquals("1", a.value("select 1"));
  }

  @Test
  void aSessionIsTerminatedByTheProcessIdThatItWasTold() throws Exception {
    assertEquals("t", b.value("select pg_terminate_backend(" + toldA + ")"));
    assertEquals("57P01", a.read().sqlState());
    assertTrue(a.atEnd());
    List<PgMessage> own =
        b.send(PgBytes.query("select pg_terminate_backend(" + toldB + ")")).readToEnd();
    assertEquals("57P01", own.getLast().sqlState());
  }

  /** Needs the users to be compared. */
  @Test
  void anotherUsersSessionIsNobody() throws Exception {
    try (PoolerFixture any =
            PoolerFixture.start(
                SharedServer.get(),
                """
                databases:
                  postgres: {hosts: ["unix:${PG}"], pool: {size: 1, min-idle: 0}}
                """);
        RawPgClient direct = SharedServer.direct();
        RawPgClient mine = any.raw();
        RawPgClient theirs = any.raw()) {
      direct.query("drop role if exists somebody; create role somebody login");
      login(mine, "somebody");
      int told = login(theirs, "postgres");
      assertEquals("f", mine.value("select pg_terminate_backend(" + told + ")"));
      assertEquals("1", theirs.value("select 1"));
    }
  }
}
