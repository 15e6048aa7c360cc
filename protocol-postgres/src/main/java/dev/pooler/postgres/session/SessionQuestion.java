package dev.pooler.postgres.session;

import dev.pooler.core.statement.Footprint;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
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

  private static final String OWN_TEMPORARY =
      " OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema())";

  /**
   * Functions that are not built in: those have OIDs below 16384 (FirstNormalObjectId). Extensions'
   * functions in C are taken to leave nothing.
   */
  private static final String FUNCTIONS =
      " FROM pg_catalog.pg_proc AS p, pg_catalog.pg_language AS l"
          + " WHERE p.oid OPERATOR(pg_catalog.>=) 16384 AND l.oid OPERATOR(pg_catalog.=) p.prolang"
          + " AND l.lanname OPERATOR(pg_catalog.<>) ALL (ARRAY['c', 'internal']::pg_catalog.name[])";

  /** A body in the SQL standard's form (BEGIN ATOMIC) is kept as a tree, its source is empty. */
  private static final String SOURCE =
      "CASE WHEN p.prosrc OPERATOR(pg_catalog.=) ''"
          + " THEN pg_catalog.pg_get_functiondef(p.oid) ELSE p.prosrc END";

  private static final String OTHER_LANGUAGE =
      "l.lanname OPERATOR(pg_catalog.<>) ALL (ARRAY['sql', 'plpgsql']::pg_catalog.name[])";

  /**
   * Custom settings that functions of this database name in their source, and whether one of them
   * names them in a way that the source does not tell.
   */
  private static final String CODE =
      "'setting', m[1], pg_catalog.current_setting(m[1], true) FROM (SELECT "
          + SOURCE
          + " AS source"
          + FUNCTIONS
          + ") AS f, pg_catalog.regexp_matches(f.source, "
          + PgSettings.literal(
              "(?:set_config\\s*\\(\\s*'|\\mset\\s+(?:session\\s+|local\\s+)?)"
                  + "([a-z_][a-z0-9_$]*(?:\\.[a-z_][a-z0-9_$]*)+)")
          + ", 'gi') AS m UNION ALL SELECT 'hidden', '', '' WHERE EXISTS (SELECT"
          + FUNCTIONS
          + " AND ("
          + OTHER_LANGUAGE
          + has("set_config\\s*\\(\\s*[^'\\s]")
          + has("\\mset\\s+(session\\s+|local\\s+)?(%|'\\s*\\|)")
          + "))";

  /**
   * Whether a function of this database has a word in its source that could leave something. UPDATE
   * has a SET too: only one that begins a statement counts.
   */
  private static final String CENSUS =
      "'census', '', '' WHERE EXISTS (SELECT"
          + FUNCTIONS
          + " AND ("
          + OTHER_LANGUAGE
          + has(
              "set_config|advisory_lock|setseed|pg_temp|dblink|\\m(listen|unlisten|temp|temporary"
                  + "|load|execute|hold|prepare|deallocate|discard)\\M")
          + has("(^|;|\\*/|\\m(begin|then|else|loop)\\M)\\s*(set|reset)\\s")
          + ")) UNION ALL SELECT 'notifies', '', '' WHERE EXISTS (SELECT"
          + FUNCTIONS
          + " AND ("
          + OTHER_LANGUAGE
          + has("notify")
          + "))";

  /** Whether the source of functions names currval or lastval. */
  private static final String FUNCTIONS_ASK =
      "'currval in a function', '', '' WHERE EXISTS (SELECT"
          + FUNCTIONS
          + " AND (false"
          + has("currval|lastval")
          + "))";

  /** The same of what is kept as a node tree: pg_proc's OIDs 1575 and 2559. */
  private static final String TREES_ASK =
      "'currval in a tree', '', '' WHERE false"
          + tree("pg_attrdef", "adbin")
          + tree("pg_constraint", "conbin")
          + tree("pg_trigger", "tgqual")
          + tree("pg_type", "typdefaultbin")
          + tree("pg_rewrite", "ev_action");

  private SessionQuestion() {}

  /**
   * The statement.
   *
   * @param doubts packed {@link Footprint}s, some of {@link #ASKABLE}
   * @param custom settings of two parts that the session may have set: no view shows them
   * @param code functions ran that the text does not show
   * @param census whether functions could leave anything is to be told too
   */
  public static String of(int doubts, Collection<String> custom, boolean code, boolean census) {
    StringBuilder sql = new StringBuilder(256);
    if (has(doubts, Footprint.SETTING)) {
      part(sql, "'setting', name, setting FROM pg_catalog.pg_settings");
      sql.append(" WHERE source OPERATOR(pg_catalog.=) 'session'");
      if (code) {
        part(sql, CODE);
      }
      for (String name : custom) {
        String literal = PgSettings.literal(name);
        part(sql, "'setting', " + literal + ", pg_catalog.current_setting(" + literal + ", true)");
      }
    }
    if (has(doubts, Footprint.ROLE)) {
      part(sql, "'role', 'role', pg_catalog.current_setting('role')");
      part(sql, "'user', SESSION_USER, pg_catalog.current_setting('session_authorization')");
    }
    if (has(doubts, Footprint.PREPARED)) {
      part(sql, "'prepared', name, '' FROM pg_catalog.pg_prepared_statements WHERE from_sql");
    }
    if (has(doubts, Footprint.DEALLOCATE)) {
      part(sql, "'shared', name, '' FROM pg_catalog.pg_prepared_statements WHERE NOT from_sql");
    }
    if (has(doubts, Footprint.LISTEN)) {
      part(sql, "'listen', c, '' FROM pg_catalog.pg_listening_channels() AS t(c)");
    }
    if (has(doubts, Footprint.TEMP_TABLE)) {
      part(
          sql,
          "'temporary', '', '' WHERE EXISTS (SELECT FROM pg_catalog.pg_class WHERE relnamespace");
      sql.append(OWN_TEMPORARY);
      sql.append(" OR EXISTS (SELECT FROM pg_catalog.pg_proc WHERE pronamespace")
          .append(OWN_TEMPORARY);
      sql.append(" OR EXISTS (SELECT FROM pg_catalog.pg_type WHERE typnamespace")
          .append(OWN_TEMPORARY);
    }
    if (has(doubts, Footprint.HOLD_CURSOR)) {
      part(sql, "'cursor', name, '' FROM pg_catalog.pg_cursors WHERE is_holdable");
    }
    if (has(doubts, Footprint.ADVISORY_LOCK)) {
      part(sql, "'lock', '', '' WHERE EXISTS (SELECT FROM pg_catalog.pg_locks");
      sql.append(" WHERE pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()");
      sql.append(" AND locktype OPERATOR(pg_catalog.=) 'advisory')");
    }
    if (census) {
      part(sql, CENSUS);
      part(sql, FUNCTIONS_ASK);
      part(sql, TREES_ASK);
    }
    return sql.toString();
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

  /**
   * The session's standard_conforming_strings is in force: the literal reads the same under both.
   */
  private static String has(String pattern) {
    return " OR (" + SOURCE + ") OPERATOR(pg_catalog.~*) " + PgSettings.literal(pattern);
  }

  private static String tree(String catalog, String column) {
    return " OR EXISTS (SELECT FROM pg_catalog."
        + catalog
        + " WHERE oid OPERATOR(pg_catalog.>=) 16384 AND "
        + column
        + "::pg_catalog.text OPERATOR(pg_catalog.~) ':funcid (1575|2559) ')";
  }

  private static void part(StringBuilder sql, String select) {
    sql.append(sql.isEmpty() ? "SELECT " : " UNION ALL SELECT ").append(select);
  }

  private static boolean has(int doubts, Footprint footprint) {
    return (doubts & footprint.bit()) != 0;
  }
}
