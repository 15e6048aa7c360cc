package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** What administrators see of a session while pooler itself asks something of its backend. */
@Timeout(60)
class WaitsForTest {
  private Gate gate;
  private PoolerFixture pooler;
  private Keyed a;

  @BeforeEach
  void start() throws Exception {
    gate = new Gate(SharedServer.get().port());
    pooler =
        PoolerFixture.start(
            SharedServer.get(),
            """
            databases:
              postgres:
                hosts: ["127.0.0.1:%d"]
                user: postgres
                tls: {mode: disable}
                pool: {size: 1, min-idle: 0, max-wait: 30s}
            """
                .formatted(gate.port()));
    a = Keyed.of(pooler, PgBytes.VERSION_3_0, "application_name", "watched");
    a.client().query("select 1");
    a.client().query("select 1");
  }

  @AfterEach
  void stop() throws Exception {
    a.close();
    pooler.close();
    gate.close();
  }

  @Test
  void settingsThatItsBackendTakesOn() throws Exception {
    a.client().query("set work_mem = '5MB'");
    try (RawPgClient other = pooler.session("postgres")) {
      other.query("select 1");
    }
    gate.holdQuery("SET \"work_mem\"");
    a.client().send(PgBytes.query("select 2; select 3"));
    gate.awaitQuery();
    assertEquals("settings", waitsFor());
    gate.letPass();
    a.client().readUntil('Z');
  }

  @Test
  void theQuestionWhatItHasLeft() throws Exception {
    gate.holdQuery("'advisory'");
    a.client().query("select pg_advisory_lock(4712)");
    gate.awaitQuery();
    assertEquals("question", waitsFor());
    gate.letPass();
    PoolerFixture.await("it is told", () -> "client".equals(waitsFor()));
  }

  @Test
  void channelsOnTheirWay() throws Exception {
    gate.holdQuery("UNLISTEN *");
    a.client().query("listen watched");
    gate.awaitQuery();
    assertEquals("channels", waitsFor());
    gate.letPass();
    PoolerFixture.await("they are there", () -> "nothing".equals(waitsFor()));
  }

  @Test
  void theEndOfACancel() throws Exception {
    gate.holdCancels(true);
    Gate.Cancel cancel;
    try (RawPgClient direct = SharedServer.direct()) {
      direct.query("select pg_advisory_lock(4713)");
      a.client().send(PgBytes.query("select pg_advisory_xact_lock(4713)"));
      PoolerFixture.await("it runs", () -> "server".equals(waitsFor()));
      a.askToCancel();
      cancel = gate.cancel();
      direct.query("select pg_advisory_unlock(4713)");
    }
    a.client().readUntil('Z');
    assertEquals("cancel", waitsFor());
    cancel.deliver();
    PoolerFixture.await("it is over", () -> "nothing".equals(waitsFor()));
  }

  private Object waitsFor() throws IOException {
    String page = pooler.get("/sessions").body();
    return ((List<?>) new Load(LoadSettings.builder().build()).loadFromString(page))
        .stream()
            .map(one -> assertInstanceOf(Map.class, one))
            .filter(one -> "watched".equals(one.get("application")))
            .map(one -> String.valueOf(one.get("waits-for")))
            .findFirst()
            .orElse("gone");
  }
}
