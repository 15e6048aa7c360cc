package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.server.EmbeddedPostgres;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a server tells of itself changes under its sessions: a promotion, a reload. */
@Timeout(60)
class PromotedServerTest {
  private static final Map<String, String> POSTGRES =
      Map.of("user", "postgres", "database", "postgres");

  /**
   * Needs in_hot_standby to be the server's and nobody's setting: a session that hears of a change
   * would carry it to another backend, which refuses it. Needs each session to be told, and logins
   * to be told anew, though only one reply of the backend had the news.
   */
  @Test
  @Tag("case-17")
  void itsRoleIsToldAndCarriedNowhere() throws Exception {
    try (EmbeddedPostgres server = standby();
        PoolerFixture pooler = PoolerFixture.ofPoolSize(server, 1);
        RawPgClient direct = SharedServer.direct(server);
        RawPgClient a = pooler.raw();
        RawPgClient b = pooler.session("postgres")) {
      assertEquals("on", RawPgClient.parameters(a.login(POSTGRES)).get("in_hot_standby"));
      assertEquals("t", a.value("select pg_is_in_recovery()"));
      assertEquals("t", direct.value("select pg_promote()"));
      assertEquals(Map.of("in_hot_standby", "off"), written(a));
      assertEquals(Map.of("in_hot_standby", "off"), written(b));
      assertEquals(Map.of(), written(a));
      assertEquals("off", toldAtLogin(pooler, "in_hot_standby"));
      assertEquals(0, pooler.metric("pooler_pins_total"));
      assertEquals(0, pooler.metric("pooler_evictions_total"));
    }
  }

  /** Needs what the answer to a statement of ours reports to be told as well. */
  @Test
  @Tag("case-17")
  void itsRoleIsToldThoughNoSessionAskedWhenItChanged() throws Exception {
    try (EmbeddedPostgres server = standby();
        PoolerFixture pooler = PoolerFixture.ofPoolSize(server, 1);
        RawPgClient direct = SharedServer.direct(server);
        RawPgClient a = pooler.session("postgres");
        RawPgClient b = pooler.session("postgres")) {
      a.query("set role postgres");
      b.query("select 1");
      assertEquals("t", direct.value("select pg_promote()"));
      // The role is set in a statement of its own, which is answered first.
      assertEquals(Map.of("in_hot_standby", "off"), written(a));
      assertEquals(Map.of("in_hot_standby", "off"), written(b));
      assertEquals("off", toldAtLogin(pooler, "in_hot_standby"));
    }
  }

  /** Needs what is set for nobody to be told to all but those who have set it. */
  @Test
  @Tag("case-17")
  void aReloadIsToldToAllWhoHaveNotSetWhatItChanges() throws Exception {
    try (EmbeddedPostgres server = EmbeddedPostgres.started();
        PoolerFixture pooler = PoolerFixture.ofPoolSize(server, 1);
        RawPgClient direct = SharedServer.direct(server);
        RawPgClient a = pooler.session("postgres");
        RawPgClient b = pooler.session("postgres");
        RawPgClient own = pooler.session("postgres")) {
      a.query("set role postgres");
      own.query("set intervalstyle to sql_standard");
      b.query("select 1");
      direct.query("alter system set intervalstyle to iso_8601");
      direct.query("select pg_reload_conf()");
      while (!"iso_8601".equals(direct.value("show intervalstyle"))) {
        Thread.onSpinWait(); // until the postmaster has sent its signal on
      }
      assertEquals(Map.of("IntervalStyle", "iso_8601"), heard(a, "select 1"));
      assertEquals(Map.of(), heard(own, "select 1"));
      assertEquals("sql_standard", own.value("show intervalstyle"));
      assertEquals(Map.of("IntervalStyle", "iso_8601"), heard(b, "select 1"));
      assertEquals("iso_8601", toldAtLogin(pooler, "IntervalStyle"));
    }
  }

  private static EmbeddedPostgres standby() throws Exception {
    EmbeddedPostgres server = EmbeddedPostgres.started();
    server.stop();
    Files.createFile(server.dataDirectory().resolve("standby.signal"));
    server.start();
    return server;
  }

  private static @Nullable String toldAtLogin(PoolerFixture pooler, String setting)
      throws Exception {
    try (RawPgClient fresh = pooler.raw()) {
      return RawPgClient.parameters(fresh.login(POSTGRES)).get(setting);
    }
  }

  private static Map<String, String> written(RawPgClient client) throws Exception {
    return heard(client, "create table if not exists written (i int)");
  }

  private static Map<String, String> heard(RawPgClient client, String text) throws Exception {
    List<PgMessage> said = client.query(text);
    assertTrue(said.stream().noneMatch(PgMessage::isError), said::toString);
    return RawPgClient.parameters(said);
  }
}
