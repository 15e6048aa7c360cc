package dev.pooler.postgres.statement;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.pooler.testkit.server.EmbeddedPostgres;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The lists of functions and key words are those of the server. */
class HarmlessFunctionsTest {
  /**
   * What leaves something and has no reason of its own in {@link PgFunction}: it is asked about.
   */
  private static final Set<String> LEFT_OUT =
      Set.of("pg_replication_origin_xact_setup", "plpgsql_validator");

  /** Functions that SQL can call: what takes or gives internal values can't be called. */
  private static final String FUNCTIONS =
      """
      SELECT DISTINCT proname FROM pg_proc
      WHERE pronamespace IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
        AND NOT EXISTS (SELECT FROM unnest(proargtypes) a(t) WHERE t = 'internal'::regtype::oid)
        AND prorettype NOT IN (SELECT oid FROM pg_type WHERE typname IN ('internal', 'trigger',
          'event_trigger', 'language_handler', 'fdw_handler', 'index_am_handler',
          'table_am_handler', 'tsm_handler'))
        AND proname NOT LIKE 'binary\\_upgrade\\_%'
      """;

  private static EmbeddedPostgres server;
  private static Connection connection;

  @BeforeAll
  static void start() throws Exception {
    server = EmbeddedPostgres.started();
    connection =
        DriverManager.getConnection(
            "jdbc:postgresql://127.0.0.1:" + server.port() + "/postgres?user=postgres");
  }

  @AfterAll
  static void stop() throws Exception {
    connection.close();
    server.close();
  }

  @Test
  void eachBuiltInFunctionIsHarmlessOrHasAReason() throws Exception {
    Set<String> servers = column(FUNCTIONS);
    servers.removeAll(LEFT_OUT);
    PgFunction.ALL.forEach(function -> servers.remove(function.name()));
    assertSame(servers, new TreeSet<>(KnownNames.words("builtin-functions.txt")));
  }

  @Test
  void theKeyWordsAreThoseOfTheServer() throws Exception {
    Set<String> ours = new TreeSet<>();
    String category = "";
    for (String word : KnownNames.words("keywords.txt")) {
      if (word.endsWith(":")) {
        category = word;
      } else {
        ours.add(category + word);
      }
    }
    assertSame(column("SELECT lower(catcode::text) || ':' || word FROM pg_get_keywords()"), ours);
  }

  private static void assertSame(Set<String> servers, Set<String> ours) {
    Set<String> missing = new TreeSet<>(servers);
    missing.removeAll(ours);
    Set<String> foreign = new TreeSet<>(ours);
    foreign.removeAll(servers);
    assertEquals(
        "missing [], not the server's []", "missing " + missing + ", not the server's " + foreign);
  }

  private static Set<String> column(String sql) throws Exception {
    Set<String> values = new TreeSet<>();
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      while (rows.next()) {
        values.add(rows.getString(1));
      }
    }
    return values;
  }
}
