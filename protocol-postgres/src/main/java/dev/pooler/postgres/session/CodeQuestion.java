package dev.pooler.postgres.session;

/**
 * What is asked of the catalogs about the code of a database: functions by their source, and
 * expressions that are kept as node trees (defaults, constraints, triggers' conditions, rules,
 * views, policies). Rows as {@link SessionQuestion}'s.
 *
 * <p>Only catalogs are read: what makes SQL of trees (pg_get_functiondef, pg_get_ruledef,
 * pg_get_expr) locks the tables that they name, and would wait behind whoever has locked one.
 */
final class CodeQuestion {
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

  /**
   * Functions that are not built in: those have OIDs below 16384 (FirstNormalObjectId). Extensions'
   * functions in C are taken to leave nothing. OFFSET keeps the planner from writing the source's
   * expression into each place of its use.
   */
  private static final String FUNCTIONS =
      " FROM (SELECT p.oid, p.proname, "
          + SOURCE
          + " AS source, "
          + OTHER_LANGUAGE
          + " AS other FROM pg_catalog.pg_proc AS p, pg_catalog.pg_language AS l"
          + " WHERE p.oid OPERATOR(pg_catalog.>=) 16384 AND l.oid OPERATOR(pg_catalog.=) p.prolang"
          + " AND l.lanname OPERATOR(pg_catalog.<>)"
          + " ALL (ARRAY['c', 'internal']::pg_catalog.name[]) OFFSET 0) AS p WHERE ";

  /** UPDATE has a SET too: only one that begins a statement counts. */
  private static final String LEAVES =
      "(p.other"
          + has(
              "p.source",
              "set_config|set_limit|advisory_lock|setseed|pg_temp|dblink"
                  + "|pg_replication_origin_session|pg_backup_start|pg_start_backup|_replication_slot|u&[\"']|"
                  + CodePatterns.RUNS_TEXT
                  + "|\\m(?:listen|unlisten|temp|temporary"
                  + "|load|execute|hold|prepare|deallocate|discard)\\M")
          + has("p.source", "\\mupdate\\M[^;]*\\mpg_settings\\M")
          + has("p.source", CodePatterns.STATEMENT + "(?:set|reset)\\M")
          + ")";

  /** Whether a function has a word in its source that could leave something. */
  private static final String LEAVING =
      "'census', '', '' WHERE EXISTS (SELECT" + FUNCTIONS + LEAVES + ")";

  private static final String NOTIFYING =
      "'notifies', '', '' WHERE EXISTS (SELECT"
          + FUNCTIONS
          + "(p.other"
          + has("p.source", "notify")
          + "))";

  /** Whether the source of functions names currval or lastval. */
  private static final String ASKING =
      "'currval in a function', '', '' WHERE EXISTS (SELECT"
          + FUNCTIONS
          + matches("p.source", "currval|lastval")
          + ")";

  /** Where a plain SELECT may call functions that its text does not show, as pg_depend has it. */
  private static final String CALLED_BY_READS =
      "SELECT refobjid FROM pg_catalog.pg_depend WHERE refclassid OPERATOR(pg_catalog.=) 1255"
          + " AND refobjid OPERATOR(pg_catalog.>=) 16384 AND ("
          // pg_operator, pg_cast, pg_amproc, pg_opclass, pg_policy
          + "classid OPERATOR(pg_catalog.=) ANY (ARRAY[2617, 2605, 2603, 2616, 3256]"
          + "::pg_catalog.oid[])"
          // pg_rewrite and pg_constraint
          + " OR (classid OPERATOR(pg_catalog.=) 2618 AND EXISTS (SELECT FROM pg_catalog.pg_rewrite"
          + " AS r WHERE r.oid OPERATOR(pg_catalog.=) objid"
          + " AND ev_type OPERATOR(pg_catalog.=) '1'))"
          + " OR (classid OPERATOR(pg_catalog.=) 2606 AND EXISTS (SELECT FROM"
          + " pg_catalog.pg_constraint AS c WHERE c.oid OPERATOR(pg_catalog.=) objid"
          + " AND contypid OPERATOR(pg_catalog.<>) 0)))";

  /** Whether one of those leaves something, or one whose name is in its source, and so on. */
  private static final String READS =
      "'reads', '', '' WHERE EXISTS (WITH RECURSIVE f AS (SELECT p.oid, pg_catalog.lower(p.proname"
          + "::pg_catalog.text) AS name, pg_catalog.lower(p.source) AS source"
          + FUNCTIONS
          + "true), reached(oid) AS ("
          + CALLED_BY_READS
          + " UNION SELECT f.oid FROM reached, f AS c, f"
          + " WHERE c.oid OPERATOR(pg_catalog.=) reached.oid"
          + " AND pg_catalog.strpos(c.source, f.name) OPERATOR(pg_catalog.>) 0) SELECT"
          + FUNCTIONS
          + "p.oid OPERATOR(pg_catalog.=) ANY (SELECT oid FROM reached) AND "
          + LEAVES
          + ")";

  /** All that is kept as a node tree, and where it runs. */
  private static final String TREES =
      String.join(
          " UNION ALL ",
          tree("write", "adbin", "pg_attrdef"),
          tree("write", "tgqual", "pg_trigger"),
          tree("write", "typdefaultbin", "pg_type"),
          tree("call", "proargdefaults", "pg_proc"),
          tree("read", "polqual", "pg_policy"),
          tree("read", "polwithcheck", "pg_policy"),
          tree("read", "conbin", "pg_constraint") + " AND contypid OPERATOR(pg_catalog.<>) 0",
          tree("write", "conbin", "pg_constraint") + " AND contypid OPERATOR(pg_catalog.=) 0",
          tree("read", "ev_action", "pg_rewrite") + " AND ev_type OPERATOR(pg_catalog.=) '1'",
          tree("write", "ev_action", "pg_rewrite") + " AND ev_type OPERATOR(pg_catalog.<>) '1'",
          tree("write", "ev_qual", "pg_rewrite") + " AND ev_type OPERATOR(pg_catalog.<>) '1'");

  /** Which built-in functions that matter are called by trees. */
  private static final String CALLED =
      "DISTINCT 'tree', m[1], t.place FROM (SELECT place, tree FROM ("
          + TREES
          + ") AS u UNION ALL SELECT 'read', pg_catalog.concat(':funcid ',"
          + " oprcode::pg_catalog.oid, ' ') FROM pg_catalog.pg_operator"
          + " WHERE oid OPERATOR(pg_catalog.>=) 16384) AS t,"
          + " pg_catalog.regexp_matches(t.tree, "
          + PgSettings.literal(":funcid (" + BuiltIn.PATTERN + ") ")
          + ", 'g') AS m";

  /** Where search_path leads to pg_temp unless a session sets it, things made are temporary. */
  private static final String PATH =
      "'temporary path', '', '' FROM pg_catalog.pg_settings"
          + " WHERE name OPERATOR(pg_catalog.=) 'search_path'"
          + " AND reset_val OPERATOR(pg_catalog.~~) '%pg_temp%'";

  /** What the census asks, to be joined by UNION ALL. */
  static final String CENSUS =
      String.join(" UNION ALL SELECT ", LEAVING, NOTIFYING, ASKING, READS, CALLED, PATH);

  private static final String HIDDEN =
      "f.other"
          + has("f.source", CodePatterns.HIDDEN_CALL)
          + has("f.source", CodePatterns.UNASKED_CALL)
          + has("f.source", CodePatterns.SEED)
          + has("f.source", CodePatterns.LOAD)
          + has(withoutUpdates(), CodePatterns.HIDDEN_STATEMENT)
          + (" OR (" + matches("f.source", CodePatterns.RUNS_TEXT) + " AND (")
          + matches(withoutUpdates(), CodePatterns.HIDDEN_IN_TEXT)
          + (" OR (NOT f.extension AND (" + matches("f.source", CodePatterns.UNTOLD_TEXT))
          + " OR EXISTS (SELECT FROM pg_catalog.regexp_matches(f.source, "
          + PgSettings.literal(CodePatterns.RUN_VARIABLE)
          + ", 'gi') AS v WHERE NOT ("
          + matchesNamed("\\m", CodePatterns.GIVEN)
          + " OR "
          + matchesNamed(CodePatterns.SELECTED, "\\M")
          + "))))))";

  private CodeQuestion() {}

  /**
   * Custom settings that code of this database names, and whether some of it names them in a way
   * that its source does not tell, or leaves what no question covers.
   *
   * @param trees expressions are to be read too
   */
  static String names(boolean trees) {
    String sources = functions() + (trees ? " UNION ALL " + expressions() : "");
    return "'setting', s.name, s.value FROM (SELECT n.name,"
        + " pg_catalog.current_setting(n.name, true) AS value FROM ("
        + "SELECT DISTINCT m[1] AS name FROM ("
        + sources
        + ") AS f, pg_catalog.regexp_matches(f.source, "
        + PgSettings.literal(CodePatterns.NAMED)
        + ", 'gi') AS m) AS n) AS s WHERE s.value IS NOT NULL"
        + " UNION ALL SELECT 'hidden', '', '' WHERE EXISTS (SELECT FROM ("
        + sources
        + ") AS f WHERE "
        + HIDDEN
        + ")";
  }

  private static String functions() {
    return "(SELECT "
        + bare("p.source", CodePatterns.COMMENT, "")
        + " AS source, p.other AS other, EXISTS (SELECT FROM pg_catalog.pg_depend AS d"
        + " WHERE d.classid OPERATOR(pg_catalog.=) 1255 AND d.objid OPERATOR(pg_catalog.=) p.oid"
        + " AND d.deptype OPERATOR(pg_catalog.=) 'e') AS extension"
        + FUNCTIONS
        + "(p.other"
        + has("p.source", CodePatterns.ANY)
        + ") OFFSET 0)";
  }

  private static String expressions() {
    return "(SELECT "
        + calls("t.tree")
        + ", false, false FROM ("
        + TREES
        + ") AS t WHERE "
        + matches("t.tree", ":funcid (" + BuiltIn.PATTERN + ") ")
        + ")";
  }

  /** A variable's name between two patterns. */
  private static String matchesNamed(String before, String behind) {
    return "f.source OPERATOR(pg_catalog.~*) pg_catalog.concat("
        + PgSettings.literal(before)
        + "::pg_catalog.text, v[1], "
        + PgSettings.literal(behind)
        + "::pg_catalog.text)";
  }

  private static String withoutUpdates() {
    return bare("f.source", CodePatterns.UPDATES, " ");
  }

  private static String bare(String source, String pattern, String by) {
    return "pg_catalog.regexp_replace("
        + source
        + ", "
        + PgSettings.literal(pattern)
        + ", '"
        + by
        + "', 'gi')";
  }

  /**
   * The session's standard_conforming_strings is in force: the literal reads the same under both.
   */
  private static String has(String source, String pattern) {
    return " OR " + matches(source, pattern);
  }

  private static String matches(String source, String pattern) {
    return "(" + source + ") OPERATOR(pg_catalog.~*) " + PgSettings.literal(pattern);
  }

  private static String tree(String place, String column, String catalog) {
    return "SELECT '"
        + place
        + "' AS place, "
        + column
        + "::pg_catalog.text AS tree FROM pg_catalog."
        + catalog
        + " WHERE oid OPERATOR(pg_catalog.>=) 16384 AND "
        + column
        + " IS NOT NULL";
  }

  /** What a tree calls, as {@link CodePatterns} read it: names, and a text that comes first. */
  private static String calls(String tree) {
    return "(SELECT pg_catalog.string_agg(pg_catalog.concat(c.proname, '(', ''''"
        + " OPERATOR(pg_catalog.||) (SELECT pg_catalog.string_agg("
        + "pg_catalog.chr(b::pg_catalog.int4), '' ORDER BY o) FROM pg_catalog.unnest("
        + "pg_catalog.string_to_array(pg_catalog.btrim(m[2]), ' ')) WITH ORDINALITY AS n(b, o))"
        + " OPERATOR(pg_catalog.||) ''','), ' ') FROM pg_catalog.regexp_matches("
        + (tree + ", " + PgSettings.literal(CALL))
        + ", 'g') AS m, pg_catalog.pg_proc AS c"
        + " WHERE c.oid OPERATOR(pg_catalog.=) m[1]::pg_catalog.oid)";
  }
}
