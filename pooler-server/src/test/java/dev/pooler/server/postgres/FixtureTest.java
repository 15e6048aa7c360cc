package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.pooler.testkit.server.EmbeddedPostgres;
import dev.pooler.testkit.wire.RawPgClient;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The tools of the other tests. */
@Timeout(60)
class FixtureTest {
  @Test
  void aSessionGoesThroughEachSocket() throws Exception {
    try (EmbeddedPostgres server = EmbeddedPostgres.started();
        PoolerFixture pooler = PoolerFixture.ofPoolSize(server, 2)) {
      try (RawPgClient unix = pooler.session("postgres");
          RawPgClient tcp = RawPgClient.session(pooler.tcp(), "postgres", "postgres");
          RawPgClient slow = pooler.raw();
          var jdbc = pooler.jdbc("postgres")) {
        slow.login(Map.of("user", "postgres", "application_name", "raw"));
        assertEquals("1", unix.value("select 1"));
        assertEquals("2", tcp.value("select 2"));
        assertEquals("raw", slow.value("show application_name"));
        assertEquals(4, pooler.clients());
        assertEquals(200, pooler.get("/ready").statusCode());
        assertEquals("postgres", jdbc.getMetaData().getUserName());
      }
      PoolerFixture.await("all are gone", () -> pooler.clients() == 0);
    }
  }
}
