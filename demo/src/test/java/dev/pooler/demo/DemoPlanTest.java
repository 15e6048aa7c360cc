package dev.pooler.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

final class DemoPlanTest {
  @Test
  void theConfigurationNamesBothSocketsTheModeAndTheSize() {
    var plan = new DemoPlan(Path.of("/tmp/a b"), 8, PoolMode.session, 9187);
    assertEquals(
        """
        listen:
          - {protocol: postgres, address: "unix:/tmp/a b/.s.PGSQL.6432", mode: "0777", auth: trust}
        http: {address: "127.0.0.1:9187"}
        admin: {users: [postgres]}
        databases:
          "*":
            protocol: postgres
            hosts: ["unix:/tmp/pg/.s.PGSQL.5432"]
            user: postgres
            pool: {mode: session, size: 8}
        limits: {drain: 3s}
        """,
        plan.yaml(Path.of("/tmp/pg/.s.PGSQL.5432")));
  }
}
