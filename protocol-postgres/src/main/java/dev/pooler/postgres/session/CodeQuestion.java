package dev.pooler.postgres.session;

/**
 * What is asked of the catalogs about the code of a database: functions by their source, and
 * expressions that are kept as node trees (defaults, constraints, triggers' conditions, rules,
 * views, policies). Rows as {@link SessionQuestion}'s.
 */
final class CodeQuestion {
  /**
   * Functions that are not built in: those have OIDs below 16384 (FirstNormalObjectId). Extensions'
   * functions in C are taken to leave nothing.
   */
  private static final String FUNCTIONS =
      " FROM pg_catalog.pg_proc AS p, pg_catalog.pg_language AS l"
          + " WHERE p.oid OPERATOR(pg_catalog.>=) 16384 AND l.oid OPERATOR(pg_catalog.=) p.prolang"
          + " AND l.lanname OPERATOR(pg_catalog.<>)"
          + " ALL (ARRAY['c', 'internal']::pg_catalog.name[])";

  /** A body in the SQL standard's form (BEGIN ATOMIC) is kept as a tree, its source is empty. */
  private static final String SOURCE =
      "CASE WHEN p.prosrc OPERATOR(pg_catalog.=) ''"
          + " THEN pg_catalog.pg_get_functiondef(p.oid) ELSE p.prosrc END";

  private static final String OTHER_LANGUAGE =
      "l.lanname OPERATOR(pg_catalog.<>) ALL (ARRAY['sql', 'plpgsql']::pg_catalog.name[])";

  /** UPDATE has a SET too: only one that begins a statement counts. */
  private static final String LEAVES =
      "("
          + OTHER_LANGUAGE
          + has(
              SOURCE,
              "set_config|set_limit|advisory_lock|setseed|pg_temp|dblink"
                  + "|pg_replication_origin_session|pg_backup_start|pg_start_backup|_replication_slot|u&[\"']|"
                  + CodePatterns.RUNS_TEXT
                  + "|\\m(?:listen|unlisten|temp|temporary"
                  + "|load|execute|hold|prepare|deallocate|discard)\\M")
          + has(SOURCE, "\\mupdate\\M[^;]*\\mpg_settings\\M")
          + has(SOURCE, CodePatterns.STATEMENT + "(?:set|reset)\\M")
          + ")";

  /** Whether a function has a word in its source that could leave something. */
  private static final String LEAVING =
      "'census', '', '' WHERE EXISTS (SELECT" + FUNCTIONS + " AND " + LEAVES + ")";

  private static final String NOTIFYING =
      "'notifies', '', '' WHERE EXISTS (SELECT"
          + FUNCTIONS
          + " AND ("
          + OTHER_LANGUAGE
          + has(SOURCE, "notify")
          + "))";

  /** Whether the source of functions names currval or lastval. */
  private static final String ASKING =
      "'currval in a function', '', '' WHERE EXISTS (SELECT"
          + FUNCTIONS
          + " AND (false"
          + has(SOURCE, "currval|lastval")
          + "))";

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
          + "::pg_catalog.text) AS name, pg_catalog.lower("
          + SOURCE
          + ") AS source"
          + FUNCTIONS
          + "), reached(oid) AS ("
          + CALLED_BY_READS
          + " UNION SELECT f.oid FROM reached, f AS c, f"
          + " WHERE c.oid OPERATOR(pg_catalog.=) reached.oid"
          + " AND pg_catalog.strpos(c.source, f.name) OPERATOR(pg_catalog.>) 0) SELECT"
          + FUNCTIONS
          + " AND p.oid OPERATOR(pg_catalog.=) ANY (SELECT oid FROM reached) AND "
          + LEAVES
          + ")";

  /** All that is kept as a node tree, where it runs, and as SQL. */
  private static final String TREES =
      tree("write", "adbin", "pg_catalog.pg_get_expr(adbin, adrelid)", "pg_attrdef")
          + " UNION ALL "
          + tree("write", "tgqual", "pg_catalog.pg_get_triggerdef(oid)", "pg_trigger")
          + " UNION ALL "
          + tree("write", "typdefaultbin", "typdefault", "pg_type")
          + " UNION ALL "
          + tree("call", "proargdefaults", "pg_catalog.pg_get_function_arguments(oid)", "pg_proc")
          + " UNION ALL "
          + tree("read", "polqual", "pg_catalog.pg_get_expr(polqual, polrelid)", "pg_policy")
          + " UNION ALL "
          + tree(
              "read", "polwithcheck", "pg_catalog.pg_get_expr(polwithcheck, polrelid)", "pg_policy")
          + " UNION ALL "
          + tree("read", "conbin", "pg_catalog.pg_get_constraintdef(oid)", "pg_constraint")
          + " AND contypid OPERATOR(pg_catalog.<>) 0 UNION ALL "
          + tree("write", "conbin", "pg_catalog.pg_get_constraintdef(oid)", "pg_constraint")
          + " AND contypid OPERATOR(pg_catalog.=) 0 UNION ALL "
          + tree("read", "ev_action", "pg_catalog.pg_get_ruledef(oid)", "pg_rewrite")
          + " AND ev_type OPERATOR(pg_catalog.=) '1' UNION ALL "
          + tree("write", "ev_action", "pg_catalog.pg_get_ruledef(oid)", "pg_rewrite")
          + " AND ev_type OPERATOR(pg_catalog.<>) '1' UNION ALL "
          + tree("write", "ev_qual", "pg_catalog.pg_get_ruledef(oid)", "pg_rewrite")
          + " AND ev_type OPERATOR(pg_catalog.<>) '1'";

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
    return "'setting', m[1], pg_catalog.current_setting(m[1], true) FROM ("
        + sources
        + ") AS f, pg_catalog.regexp_matches(f.source, "
        + PgSettings.literal(CodePatterns.NAMED)
        + ", 'gi') AS m UNION ALL SELECT 'hidden', '', '' WHERE EXISTS (SELECT FROM ("
        + sources
        + ") AS f WHERE "
        + HIDDEN
        + ")";
  }

  /** OFFSET keeps the planner from writing the source's expression into each place of its use. */
  private static String functions() {
    return "(SELECT "
        + bare(SOURCE, CodePatterns.COMMENT, "")
        + " AS source, "
        + OTHER_LANGUAGE
        + " AS other, EXISTS (SELECT FROM pg_catalog.pg_depend AS d"
        + " WHERE d.classid OPERATOR(pg_catalog.=) 1255 AND d.objid OPERATOR(pg_catalog.=) p.oid"
        + " AND d.deptype OPERATOR(pg_catalog.=) 'e') AS extension"
        + FUNCTIONS
        + " AND ("
        + OTHER_LANGUAGE
        + has(SOURCE, CodePatterns.ANY)
        + ") OFFSET 0)";
  }

  private static String expressions() {
    return "(SELECT sql, false, false FROM ("
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

  private static String tree(String place, String column, String sql, String catalog) {
    return "SELECT '"
        + place
        + "' AS place, "
        + column
        + "::pg_catalog.text AS tree, "
        + sql
        + " AS sql FROM pg_catalog."
        + catalog
        + " WHERE oid OPERATOR(pg_catalog.>=) 16384 AND "
        + column
        + " IS NOT NULL";
  }
}
