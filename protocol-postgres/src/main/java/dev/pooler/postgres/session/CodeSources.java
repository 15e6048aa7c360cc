package dev.pooler.postgres.session;

import org.jspecify.annotations.Nullable;

/**
 * Where the catalogs keep the code of a database: functions by their source, and expressions as
 * node trees (defaults, constraints, triggers' conditions, rules, views, policies).
 *
 * <p>Only catalogs are read: what makes SQL of trees (pg_get_functiondef, pg_get_ruledef,
 * pg_get_expr) locks the tables that they name, and would wait behind whoever has locked one.
 */
final class CodeSources {
  /**
   * A call in a tree, and its first argument if that is a text: its bytes behind their length
   * (outDatum), here one of less than 16 kB of a machine that has the low bytes first.
   */
  private static final String CALL =
      ":funcid (\\d+) (?:[^{}]*:args \\(\\{CONST :consttype 25 [^{}]*"
          + ":constvalue \\d+ \\[ -?\\d+ -?\\d+ 0 0 ((?:\\d+ )*)\\])?";

  /** A body in the SQL standard's form (BEGIN ATOMIC); before PostgreSQL 14 there is no column. */
  private static final String STANDARD_BODY =
      "(pg_catalog.to_jsonb(p) OPERATOR(pg_catalog.->>) 'prosqlbody')";

  /** Such a body has no source, and no statements but queries: what they call, and pg_settings. */
  private static final String SOURCE =
      "CASE WHEN p.prosrc OPERATOR(pg_catalog.<>) '' THEN p.prosrc ELSE pg_catalog.concat("
          + calls(STANDARD_BODY)
          + ", (SELECT ' update pg_settings' WHERE "
          + (STANDARD_BODY + " OPERATOR(pg_catalog.~~) '%:commandType 2 %' AND " + STANDARD_BODY)
          + " OPERATOR(pg_catalog.~~) pg_catalog.concat('%:relid ',"
          + " 'pg_catalog.pg_settings'::pg_catalog.regclass::pg_catalog.oid, ' %'))) END";

  private static final String OTHER_LANGUAGE =
      "l.lanname OPERATOR(pg_catalog.<>) ALL (ARRAY['sql', 'plpgsql']::pg_catalog.name[])";

  private CodeSources() {}

  /**
   * Functions that are not built in, as p: those have OIDs below 16384 (FirstNormalObjectId).
   * Extensions' functions in C are taken to leave nothing. OFFSET keeps the planner from writing
   * the source's expression into each place of its use.
   *
   * @param since {@link #newer} than this transaction; null: all
   */
  static String functions(@Nullable String since) {
    return " FROM (SELECT p.oid, pg_catalog.lower(p.proname::pg_catalog.text) AS name, "
        + (SOURCE + " AS source, " + OTHER_LANGUAGE)
        + " AS other, CASE WHEN p.proconfig::pg_catalog.text OPERATOR(pg_catalog.~~) '%pg_temp%'"
        + " THEN pg_catalog.concat('pg_temp ', p.prosrc) END AS path"
        + " FROM pg_catalog.pg_proc AS p, pg_catalog.pg_language AS l"
        + " WHERE p.oid OPERATOR(pg_catalog.>=) 16384 AND l.oid OPERATOR(pg_catalog.=) p.prolang"
        + " AND l.lanname OPERATOR(pg_catalog.<>)"
        + " ALL (ARRAY['c', 'internal']::pg_catalog.name[])"
        + (newer("p.xmin", since) + " OFFSET 0) AS p");
  }

  /** All that is kept as a node tree, and where it runs; since when as {@link #functions}. */
  static String trees(@Nullable String since) {
    String age = newer("xmin", since);
    String domain = " AND contypid OPERATOR(pg_catalog.<>) 0";
    String table = " AND contypid OPERATOR(pg_catalog.=) 0";
    String view = " AND ev_type OPERATOR(pg_catalog.=) '1'";
    String rule = " AND ev_type OPERATOR(pg_catalog.<>) '1'";
    return String.join(
        " UNION ALL ",
        tree("write", "adbin", "pg_attrdef", age),
        tree("write", "tgqual", "pg_trigger", age),
        tree("write", "typdefaultbin", "pg_type", age),
        tree("call", "proargdefaults", "pg_proc", age),
        tree("read", "polqual", "pg_policy", age),
        tree("read", "polwithcheck", "pg_policy", age),
        tree("read", "conbin", "pg_constraint", domain + age),
        tree("write", "conbin", "pg_constraint", table + age),
        tree("read", "ev_action", "pg_rewrite", view + age),
        tree("write", "ev_action", "pg_rewrite", rule + age),
        tree("write", "ev_qual", "pg_rewrite", rule + age));
  }

  private static String tree(String place, String column, String catalog, String condition) {
    return "SELECT '"
        + place
        + "' AS place, "
        + column
        + "::pg_catalog.text AS tree FROM pg_catalog."
        + catalog
        + " WHERE oid OPERATOR(pg_catalog.>=) 16384 AND "
        + column
        + " IS NOT NULL"
        + condition;
  }

  /**
   * Defined or replaced by a transaction that was not over yet when xid was the oldest of those. A
   * row of two thousand million transactions ago may count as new too.
   */
  private static String newer(String xmin, @Nullable String xid) {
    return xid == null
        ? ""
        : " AND pg_catalog.age("
            + (xmin + ") OPERATOR(pg_catalog.<=) (SELECT pg_catalog.age(")
            + (PgSettings.literal(xid) + "::pg_catalog.xid))");
  }

  /** The oldest transaction that is not over, of whose definitions nothing can be seen. */
  static final String OLDEST_TRANSACTION =
      "(pg_catalog.txid_snapshot_xmin(pg_catalog.txid_current_snapshot())"
          + " OPERATOR(pg_catalog.&) 4294967295)::pg_catalog.text";

  /** What a tree calls, as {@link CodePatterns} read it: names, and a text that comes first. */
  static String calls(String tree) {
    return "(SELECT pg_catalog.string_agg(pg_catalog.concat(c.proname, '(', ''''"
        + " OPERATOR(pg_catalog.||) (SELECT pg_catalog.string_agg("
        + "pg_catalog.chr(b::pg_catalog.int4), '' ORDER BY o) FROM pg_catalog.unnest("
        + "pg_catalog.string_to_array(pg_catalog.btrim(m[2]), ' ')) WITH ORDINALITY AS n(b, o))"
        + " OPERATOR(pg_catalog.||) ''','), ' ') FROM pg_catalog.regexp_matches("
        + (tree + ", " + PgSettings.literal(CALL))
        + ", 'g') AS m, pg_catalog.pg_proc AS c"
        + " WHERE c.oid OPERATOR(pg_catalog.=) m[1]::pg_catalog.oid)";
  }

  /**
   * The session's standard_conforming_strings is in force: the literal reads the same under both.
   */
  static String matches(String source, String pattern) {
    return "(" + source + ") OPERATOR(pg_catalog.~*) " + PgSettings.literal(pattern);
  }

  /**
   * The same, of which the planner takes one row in two hundred to be true, not half of them: a
   * recursion from thousands looks so dear that it would compile the query (jit_above_cost).
   */
  static String seldom(String condition) {
    return "CASE WHEN " + condition + " THEN 1 ELSE 0 END OPERATOR(pg_catalog.=) 1";
  }

  /** One more that a source may match. */
  static String or(String source, String pattern) {
    return " OR " + matches(source, pattern);
  }
}
