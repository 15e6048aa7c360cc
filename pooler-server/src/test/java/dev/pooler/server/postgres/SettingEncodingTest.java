package dev.pooler.server.postgres;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Values of settings beyond ASCII, in sessions with different client encodings on one backend: each
 * finds its own characters.
 */
@Timeout(60)
class SettingEncodingTest {
  /** What the server has, whatever the encoding in which it would tell it. */
  private static final String VALUE =
      "select encode(convert_to(current_setting('app.x'), 'UTF8'), 'hex')";

  private static final String E_ACUTE = "c3a9";
  private static final String U_UMLAUT = "c3bc";

  private static RawPgClient latin(PoolerFixture pooler, String database) throws Exception {
    RawPgClient client = pooler.raw();
    client.login(Map.of("user", "postgres", "database", database, "client_encoding", "LATIN1"));
    return client;
  }

  private static List<PgMessage> latin(RawPgClient client, String sql) throws Exception {
    return client.send(PgBytes.message('Q', (sql + "\0").getBytes(ISO_8859_1))).readUntil('Z');
  }

  @Test
  void eachSessionFindsItsOwnCharacters() throws Exception {
    try (PoolerFixture pooler = PoolerFixture.ofPoolSize(SharedServer.get(), 1);
        RawPgClient a = pooler.session("postgres");
        RawPgClient b = latin(pooler, "postgres");
        RawPgClient c = latin(pooler, "postgres")) {
      a.query("set app.x = '\u00e9'");
      assertEquals("CZ", RawPgClient.types(latin(b, "set app.x = '\u00fc'")));
      assertEquals("CZ", RawPgClient.types(latin(c, "set app.x = 'c'")));
      for (int i = 0; i < 3; i++) {
        assertEquals(E_ACUTE, a.value(VALUE));
        assertEquals("63", c.value(VALUE));
        assertEquals("\u00e9", a.value("show app.x"));
        assertEquals(U_UMLAUT, b.value(VALUE));
        a.query("begin");
        assertEquals(E_ACUTE, a.value(VALUE));
        a.query("commit");
        b.query("begin");
        assertEquals(U_UMLAUT, b.value(VALUE));
        b.query("commit");
      }
      assertEquals("[]", pooler.get("/pins").body().strip());
    }
  }

  @Test
  void whatAFunctionSetIsToldInTheSessionsEncoding() throws Exception {
    try (PoolerFixture pooler = PoolerFixture.ofPoolSize(SharedServer.get(), 1);
        RawPgClient a = pooler.session("postgres");
        RawPgClient b = latin(pooler, "postgres")) {
      latin(b, "select set_config('app.x', '\u00fc', false)");
      a.query("select set_config('app.x', '\u00e9', false)");
      for (int i = 0; i < 3; i++) {
        assertEquals(U_UMLAUT, b.value(VALUE));
        assertEquals(E_ACUTE, a.value(VALUE));
      }
      assertEquals("[]", pooler.get("/pins").body().strip());
    }
  }

  /** Nothing is asked about functions; the server reports its search_path by itself. */
  @Test
  void whatTheServerReportsIsInTheSessionsEncodingToo() throws Exception {
    String path = VALUE.replace("app.x", "search_path");
    try (PoolerFixture pooler =
            PoolerFixture.start(
                SharedServer.get(),
                """
                databases:
                  postgres:
                    hosts: ["unix:${PG}"]
                    user: postgres
                    trust-functions: true
                    pool: {size: 1, min-idle: 0}
                """);
        RawPgClient a = pooler.session("postgres");
        RawPgClient b = latin(pooler, "postgres")) {
      a.query(
          "create or replace function public.to_path() returns void language plpgsql as $$ begin"
              + " perform set_config('search_path', '\u00fc', false); end $$");
      b.query("select to_path()");
      assertEquals("public", a.value("select current_schema()"));
      assertEquals(U_UMLAUT, b.value(path));
      a.query("drop function public.to_path()");
      assertEquals(U_UMLAUT, b.value(path));
    }
  }

  /** Where a character can't be told by its code point, its session keeps its backend. */
  @Test
  void inADatabaseOfAnotherEncodingItPins() throws Exception {
    try (RawPgClient direct = SharedServer.direct()) {
      direct.query("drop database if exists narrow with (force)");
      direct.query("create database narrow encoding 'SQL_ASCII' locale 'C' template template0");
      try (PoolerFixture pooler =
              PoolerFixture.start(
                  SharedServer.get(),
                  """
                  databases:
                    narrow: {hosts: ["unix:${PG}"], user: postgres, pool: {size: 3, min-idle: 0}}
                  """);
          RawPgClient a = pooler.session("narrow");
          RawPgClient b = pooler.session("narrow");
          RawPgClient c = pooler.session("narrow")) {
        latin(a, "set app.x = '\u00fc'");
        b.query("set app.x = 'b'");
        c.query("set app.x = '\u00e9'");
        for (int i = 0; i < 3; i++) {
          assertEquals("fc", a.value("select encode(current_setting('app.x')::bytea, 'hex')"));
          assertEquals("b", b.value("show app.x"));
          assertEquals("\u00e9", c.value("show app.x"));
        }
        String pins = pooler.get("/pins").body();
        assertTrue(pins.contains("unknown"), "no characters, of which the server tells nothing");
        assertTrue(pins.contains("setting"), pins);
      } finally {
        direct.query("drop database if exists narrow with (force)");
      }
    }
  }
}
