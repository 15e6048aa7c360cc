package dev.pooler.postgres.session;

import dev.pooler.core.statement.Footprint;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/**
 * What is asked of the server when a statement may have left something on the backend and its text
 * does not tell: only the server knows what a function did, what a rollback to a savepoint undid,
 * whether a lock was granted. One statement whose rows are {@link SessionTruth}'s.
 *
 * <p>Every name is qualified, operators too: the session's search_path is in force.
 */
public final class SessionQuestion {
  /** Footprints that the server can be asked about. */
  public static final int ASKABLE =
      Footprint.SETTING.bit()
          | Footprint.ROLE.bit()
          | Footprint.PREPARED.bit()
          | Footprint.DEALLOCATE.bit()
          | Footprint.LISTEN.bit()
          | Footprint.TEMP_TABLE.bit()
          | Footprint.HOLD_CURSOR.bit()
          | Footprint.ADVISORY_LOCK.bit();

  /** What a setting's value is told of, in characters: one that is longer does not move. */
  static final int LONGEST_VALUE = 64 * 1024;

  /** So many of what SQL text has prepared are told by name: one is enough to know. */
  private static final int MOST_PREPARED = 100;

  /** What the server takes away with its temporary schema: operators and collations too. */
  private static final String IN_OWN_TEMPORARY =
      " WHERE refclassid OPERATOR(pg_catalog.=) 2615" // pg_namespace
          + " AND refobjid OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema())";

  /**
   * SET TRANSACTION is a setting of the session to the server, though each transaction begins with
   * the default, and nobody can reset it (GUC_NO_RESET).
   */
  private static final String NOT_THE_TRANSACTIONS =
      " AND name OPERATOR(pg_catalog.<>) ALL (ARRAY['transaction_isolation',"
          + "'transaction_read_only','transaction_deferrable']::pg_catalog.text[])";

  /** Which code ran that the text does not show. */
  public enum Code {
    NONE,
    FUNCTIONS,
    /** Defaults, rules, views, policies too. */
    FUNCTIONS_AND_TREES
  }

  private SessionQuestion() {}

  /**
   * The statement.
   *
   * @param doubts packed {@link Footprint}s, some of {@link #ASKABLE}
   * @param custom settings of two parts that the session may have set: no view shows them
   * @param code what code ran may have set custom settings
   * @param names what is known of those that it sets
   * @param census whether functions could leave anything is to be told too
   */
  public static String of(
      int doubts, Collection<String> custom, Code code, CodeNames names, boolean census) {
    StringBuilder sql = new StringBuilder(256);
    if (has(doubts, Footprint.SETTING)) {
      part(sql, "'setting', name, " + told("setting") + " FROM pg_catalog.pg_settings");
      sql.append(" WHERE source OPERATOR(pg_catalog.=) 'session'").append(NOT_THE_TRANSACTIONS);
      if (code != Code.NONE) {
        part(sql, NamesInCode.values(code == Code.FUNCTIONS_AND_TREES, names));
      }
      if (!custom.isEmpty()) {
        part(sql, custom(custom));
      }
    }
    if (has(doubts, Footprint.ROLE)) {
      part(sql, "'role', 'role', pg_catalog.current_setting('role')");
      part(sql, "'user', SESSION_USER, pg_catalog.current_setting('session_authorization')");
    }
    if (has(doubts, Footprint.PREPARED)) {
      part(sql, "'prepared', name, '' FROM (SELECT name FROM pg_catalog.pg_prepared_statements");
      sql.append(" WHERE from_sql LIMIT ").append(MOST_PREPARED).append(") AS named");
    }
    if (has(doubts, Footprint.DEALLOCATE)) {
      part(sql, "'shared', name, '' FROM pg_catalog.pg_prepared_statements WHERE NOT from_sql");
    }
    if (has(doubts, Footprint.LISTEN)) {
      part(sql, "'listen', c, '' FROM pg_catalog.pg_listening_channels() AS t(c)");
    }
    if (has(doubts, Footprint.TEMP_TABLE)) {
      part(sql, "'temporary', '', '' WHERE EXISTS (SELECT FROM pg_catalog.pg_depend");
      sql.append(IN_OWN_TEMPORARY);
    }
    if (has(doubts, Footprint.HOLD_CURSOR)) {
      part(sql, "'cursor', '', '' WHERE EXISTS (SELECT FROM pg_catalog.pg_cursors");
      sql.append(" WHERE is_holdable)");
    }
    if (has(doubts, Footprint.ADVISORY_LOCK)) {
      part(sql, "'lock', '', '' WHERE EXISTS (SELECT FROM pg_catalog.pg_locks");
      sql.append(" WHERE pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()");
      sql.append(" AND locktype OPERATOR(pg_catalog.=) 'advisory')");
    }
    if (census) {
      part(sql, CodeQuestion.CENSUS);
    }
    return sql.toString();
  }

  private static String custom(Collection<String> names) {
    StringJoiner literals = new StringJoiner(",", "(ARRAY[", "]::pg_catalog.text[])");
    names.forEach(name -> literals.add(PgSettings.literal(name)));
    return "'setting', n, "
        + told("pg_catalog.current_setting(n, true)")
        + " FROM pg_catalog.unnest"
        + literals
        + " AS c(n)";
  }

  /** So much of a value that it can be seen to be too long. */
  static String told(String value) {
    return "pg_catalog.left(" + value + ", " + (LONGEST_VALUE + 1) + ")";
  }

  /**
   * The same question with an answer in ASCII: of a session whose client_encoding is another than
   * UTF8, in which the server would answer.
   *
   * @return what {@link #decoded} reads the answer of
   */
  public static String encoded(String question) {
    return "SELECT kind, "
        + hex("name")
        + ", "
        + hex("value")
        + " FROM ("
        + question
        + ") AS answer (kind, name, value)";
  }

  private static String hex(String column) {
    return "pg_catalog.encode(pg_catalog.convert_to("
        + column
        + "::pg_catalog.text, 'UTF8'), 'hex')";
  }

  /** The rows of {@link #encoded} as the question itself would have them. */
  public static List<@Nullable String[]> decoded(List<@Nullable String[]> rows) {
    List<@Nullable String[]> decoded = new ArrayList<>(rows.size());
    for (@Nullable String[] row : rows) {
      decoded.add(new @Nullable String[] {row[0], decoded(row[1]), decoded(row[2])});
    }
    return decoded;
  }

  private static @Nullable String decoded(@Nullable String hex) {
    return hex == null ? null : new String(HexFormat.of().parseHex(hex), StandardCharsets.UTF_8);
  }

  private static void part(StringBuilder sql, String select) {
    sql.append(sql.isEmpty() ? "SELECT " : " UNION ALL SELECT ").append(select);
  }

  private static boolean has(int doubts, Footprint footprint) {
    return (doubts & footprint.bit()) != 0;
  }
}
