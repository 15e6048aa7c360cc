package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The console through a driver: the extended protocol as far as drivers need it. */
@Timeout(60)
class ConsoleDriverTest {
  private PoolerFixture pooler;

  @BeforeEach
  void start() throws IOException {
    pooler = PoolerFixture.start(SharedServer.get(), ConsoleTest.DATABASES);
  }

  @AfterEach
  void stop() throws IOException {
    pooler.close();
  }

  /** Needs Parse, Bind, Describe and Execute, in transactions that the driver begins by itself. */
  @Test
  @Tag("case-72")
  void pgjdbcReadsTablesInTextAndBinaryInAndOutOfTransactions() throws Exception {
    for (String mode : List.of("", "&preferQueryMode=simple", "&prepareThreshold=-1")) {
      try (RawPgClient client = pooler.session("postgres");
          Connection console = DriverManager.getConnection(pooler.jdbcUrl("pooler") + mode)) {
        client.value("select 1");
        assertTrue(console.isValid(5));
        for (boolean auto : new boolean[] {true, false}) {
          console.setAutoCommit(auto);
          try (PreparedStatement stats = console.prepareStatement("SHOW STATS");
              PreparedStatement pools = console.prepareStatement("SHOW POOLS")) {
            for (int i = 0; i < 8; i++) { // the sixth time it is a named statement, and binary
              try (ResultSet rows = stats.executeQuery()) {
                assertTrue(rows.next());
                assertEquals("postgres", rows.getString("database"));
                assertTrue(rows.getBigDecimal("total_xact_count").compareTo(BigDecimal.ONE) >= 0);
                assertEquals(BigDecimal.ZERO, rows.getBigDecimal("total_bind_count"));
              }
              try (ResultSet rows = pools.executeQuery()) {
                assertTrue(rows.next());
                assertEquals(1, rows.getInt("cl_active"));
                assertEquals(null, rows.getString("load_balance_hosts"));
                assertFalse(rows.next());
              }
            }
          }
          if (!auto) {
            console.commit();
          }
        }
      }
    }
  }

  @Test
  void pgjdbcIsToldAnErrorAndGoesOn() throws Exception {
    try (Connection console = pooler.jdbc("pooler");
        Statement statement = console.createStatement()) {
      SQLException wrong = assertThrows(SQLException.class, () -> statement.execute("SHOW POOLZ"));
      assertEquals("42601", wrong.getSQLState());
      assertFalse(statement.execute("RECONNECT"));
      SQLException refused =
          assertThrows(SQLException.class, () -> statement.execute("PAUSE nowhere"));
      assertEquals("3D000", refused.getSQLState());
      assertTrue(statement.execute("SHOW VERSION"));
    }
  }

  @Test
  void aRowLimitSuspendsThePortalAndTheRestFollows() throws Exception {
    try (RawPgClient console = pooler.session("pooler")) {
      console.send(
          PgBytes.parse("s", "SHOW LISTS"),
          PgBytes.named('D', 'S', "s"),
          PgBytes.bind("p", "s"),
          PgBytes.named('D', 'P', "p"),
          PgBytes.execute("p", 5),
          PgBytes.execute("p", 0),
          PgBytes.named('C', 'S', "s"),
          PgBytes.sync());
      assertEquals("1tT2TDDDDDsDDDDDDDDDC3Z", RawPgClient.types(console.readUntil('Z')));
    }
  }

  @Test
  void aFailedBatchIsSkippedToItsSync() throws Exception {
    try (RawPgClient console = pooler.session("pooler")) {
      console.send(
          PgBytes.parse("", "SHOW NOTHING_LIKE_IT"),
          PgBytes.bind("", ""),
          PgBytes.execute("", 0),
          PgBytes.sync(),
          PgBytes.bind("", "missing"),
          PgBytes.sync(),
          PgBytes.execute("missing", 0),
          PgBytes.sync(),
          PgBytes.parse("a", "SHOW VERSION"),
          PgBytes.parse("a", "SHOW VERSION"),
          PgBytes.sync(),
          PgBytes.parse("", "SHOW VERSION; SHOW LISTS"),
          PgBytes.sync(),
          PgBytes.bind("", "a", "parameter"),
          PgBytes.sync());
      for (String state : List.of("42601", "26000", "34000", "42P05", "42601", "08P01")) {
        List<PgMessage> said = console.readUntil('Z');
        assertEquals(state, said.get(said.size() - 2).sqlState(), said::toString);
      }
      assertEquals("1", console.value("SELECT 1"));
    }
  }
}
