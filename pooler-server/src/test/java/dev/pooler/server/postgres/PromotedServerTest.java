package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.server.EmbeddedPostgres;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A standby under its sessions becomes a primary. */
@Timeout(60)
class PromotedServerTest {
  private static final Map<String, String> POSTGRES =
      Map.of("user", "postgres", "database", "postgres");

  /**
   * Needs in_hot_standby to be the server's and nobody's setting: a session that hears of a change
   * would carry it to another backend, which refuses it. Needs what logins are told to be learned
   * again.
   */
  @Test
  @Tag("case-17")
  void itsRoleIsToldAndCarriedNowhere() throws Exception {
    try (EmbeddedPostgres server = EmbeddedPostgres.started()) {
      server.stop();
      Files.createFile(server.dataDirectory().resolve("standby.signal"));
      server.start();
      try (PoolerFixture pooler = PoolerFixture.ofPoolSize(server, 1);
          RawPgClient direct = SharedServer.direct(server);
          RawPgClient a = pooler.raw();
          RawPgClient b = pooler.session("postgres")) {
        assertEquals("on", RawPgClient.parameters(a.login(POSTGRES)).get("in_hot_standby"));
        assertEquals("t", a.value("select pg_is_in_recovery()"));
        assertEquals("t", direct.value("select pg_promote()"));
        List<PgMessage> heard = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
          for (RawPgClient client : List.of(a, b)) {
            List<PgMessage> said = client.query("create table if not exists written (i int)");
            assertTrue(said.stream().noneMatch(PgMessage::isError), said::toString);
            heard.addAll(said);
          }
        }
        assertEquals(Map.of("in_hot_standby", "off"), RawPgClient.parameters(heard));
        try (RawPgClient fresh = pooler.raw()) {
          Map<String, String> told = RawPgClient.parameters(fresh.login(POSTGRES));
          assertEquals("off", told.get("in_hot_standby"));
        }
        assertEquals(0, pooler.metric("pooler_pins_total"));
        assertEquals(0, pooler.metric("pooler_evictions_total"));
      }
    }
  }
}
