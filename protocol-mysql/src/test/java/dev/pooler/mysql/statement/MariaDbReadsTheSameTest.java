package dev.pooler.mysql.statement;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.pooler.mysql.statement.MyDialects.Flavor;
import dev.pooler.testkit.server.EmbeddedMariaDb;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

/** The tables of statements, functions and words are those of the server. */
@EnabledIf(
    value = "dev.pooler.testkit.server.EmbeddedMariaDb#supported",
    disabledReason = "there is no MariaDB artifact for this processor")
class MariaDbReadsTheSameTest {
  private static final int SYNTAX_ERROR = 1064;

  /** Functions of versions after 11.4. */
  private static final String LATER = "vec_.*|uuid_v[47]|format_bytes";

  private static EmbeddedMariaDb server;
  private static Connection connection;

  @BeforeAll
  static void start() throws Exception {
    server = EmbeddedMariaDb.builder().database("scratch").start();
    connection = DriverManager.getConnection(server.jdbcUrl("scratch"));
  }

  @AfterAll
  static void stop() throws Exception {
    connection.close();
    server.close();
  }

  @Test
  void itsParserTakesEachStatementOfTheTable() throws SQLException {
    List<String> refused = new ArrayList<>();
    for (MyTexts.Row row : MyTexts.table()) {
      if (row.isOf(Flavor.MARIADB) && isRefused(row.text())) {
        refused.add(row.text());
      }
    }
    assertEquals(List.of(), refused);
  }

  /** PREPARE parses; that it can't prepare what it has parsed is another error. */
  private static boolean isRefused(String text) throws SQLException {
    String literal = "'" + text.replace("\\", "\\\\").replace("'", "''") + "'";
    try (Statement statement = connection.createStatement()) {
      statement.execute("PREPARE checked FROM " + literal);
      return false;
    } catch (SQLException e) {
      return e.getErrorCode() == SYNTAX_ERROR;
    }
  }

  @Test
  void eachBuiltInFunctionIsHarmlessOrHasAReason() throws SQLException {
    Set<String> unknown = new TreeSet<>();
    for (String function : column("SELECT lower(function) FROM information_schema.sql_functions")) {
      int id = KnownNames.TABLE.find(function);
      boolean harmless = KnownNames.isFunction(id, true) || KnownNames.isGrammar(id);
      if (!harmless && MyFunction.ALL.stream().noneMatch(f -> f.name().equals(function))) {
        unknown.add(function);
      }
    }
    assertEquals(Set.of(), unknown);
  }

  @Test
  void noFunctionThatIsCalledHarmlessIsLeftToTheSession() throws SQLException {
    Set<String> foreign = new TreeSet<>();
    for (String word : listed()) {
      int id = KnownNames.TABLE.find(word);
      if (KnownNames.isFunction(id, true) && !word.matches(LATER) && mayBeStored(word)) {
        foreign.add(word);
      }
    }
    assertEquals(Set.of(), foreign);
  }

  /** Whether only calls of functions that somebody has stored may have this name. */
  private static boolean mayBeStored(String name) throws SQLException {
    for (String arguments : List.of("", "1", "1, 2", "1, 2, 3", "'[]', '$' COLUMNS (a int)")) {
      String from = name.equals("json_table") ? "* FROM " : "";
      String alias = from.isEmpty() ? "" : " AS t";
      if (!isMissing("SELECT " + from + name + "(" + arguments + ")" + alias)) {
        return false;
      }
    }
    return true;
  }

  private static boolean isMissing(String text) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("PREPARE checked FROM '" + text.replace("'", "''") + "'");
      return false;
    } catch (SQLException e) {
      return e.getErrorCode() == 1305 || e.getErrorCode() == 1630;
    }
  }

  @Test
  void wordsThatAreReservedForBothAreReserved() throws SQLException {
    Set<String> free = new TreeSet<>();
    for (String word : listed()) {
      int id = KnownNames.TABLE.find(word);
      if (KnownNames.isGrammar(id) && !isRefused("SELECT 1 FROM (SELECT 1) AS " + word)) {
        free.add(word);
      }
    }
    assertEquals(Set.of(), free);
  }

  @Test
  void whatMayStandBeforeAnExpressionIsKnown() throws SQLException {
    Set<String> missing = new TreeSet<>();
    for (String word : column("SELECT lower(word) FROM information_schema.keywords")) {
      boolean named = word.matches("[a-z_0-9]+");
      if (named
          && isRefused("SELECT 1 FROM (SELECT 1) AS " + word)
          && !KnownNames.isKeyword(KnownNames.TABLE.find(word))) {
        missing.add(word);
      }
    }
    assertEquals(Set.of(), missing);
  }

  private static Set<String> listed() {
    Set<String> words = new TreeSet<>(KnownNames.words("harmless-functions.txt"));
    words.addAll(KnownNames.words("reserved-words.txt"));
    words.removeIf(word -> word.endsWith(":"));
    return words;
  }

  private static Set<String> column(String sql) throws SQLException {
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
