package dev.pooler.postgres.session;

import static dev.pooler.postgres.session.CodeSources.matches;
import static dev.pooler.postgres.session.CodeSources.or;

/**
 * What the census of a database asks: what its code ({@link CodeSources}) may leave in the session
 * that runs it. Rows as {@link SessionQuestion}'s.
 */
final class CodeQuestion {
  /** UPDATE has a SET too: only one that begins a statement counts. */
  private static final String LEAVES =
      "(p.other"
          + or(
              "p.source",
              "set_config|set_limit|advisory_lock|setseed|pg_temp|dblink"
                  + "|pg_replication_origin_session|pg_backup_start|pg_start_backup|_replication_slot|u&[\"']|"
                  + CodePatterns.RUNS_TEXT
                  + "|\\m(?:listen|unlisten|temp|temporary"
                  + "|load|execute|hold|prepare|deallocate|discard)\\M")
          + or("p.source", "\\mupdate\\M[^;]*\\mpg_settings\\M")
          // CREATE in a path of the function's own: most end with pg_temp and create nothing
          + or("p.path", "pg_temp.*\\mcreate\\M")
          + or("p.source", CodePatterns.STATEMENT + "(?:set|reset)\\M")
          + ")";

  /** Each function is read once: whether a word in it could leave something, notify or ask. */
  private static final String CODE =
      "code AS (SELECT 'census' AS kind, p.oid, p.name, "
          + (LEAVES + " AS leaves, (p.other" + or("p.source", "notify") + ") AS notifies, ")
          + (matches("p.source", "currval|lastval") + " AS asks")
          + CodeSources.functions(null)
          + ")";

  private static final String BUILT_IN = ":funcid (" + BuiltIn.PATTERN + ") ";

  /** Expressions that call a built-in function that matters. */
  private static final String TREE =
      "tree AS (SELECT t.place, t.tree FROM ("
          + CodeSources.trees(null)
          + ") AS t WHERE "
          + matches("t.tree", BUILT_IN)
          + ")";

  private static final String LEAVING = "kind, '', '' FROM code WHERE leaves LIMIT 1";
  private static final String NOTIFYING = "'notifies', '', '' FROM code WHERE notifies LIMIT 1";
  private static final String ASKING =
      "'currval in a function', '', '' FROM code WHERE asks LIMIT 1";

  /** Which of those functions expressions call. */
  private static final String CALLED =
      "DISTINCT 'tree', m[1], t.place FROM (SELECT place, tree FROM tree"
          + " UNION ALL SELECT 'read', pg_catalog.concat(':funcid ',"
          + " oprcode::pg_catalog.oid, ' ') FROM pg_catalog.pg_operator"
          + " WHERE oid OPERATOR(pg_catalog.>=) 16384) AS t,"
          + " pg_catalog.regexp_matches(t.tree, "
          + PgSettings.literal(BUILT_IN)
          + ", 'g') AS m";

  /** Where search_path leads to pg_temp unless a session sets it, things made are temporary. */
  private static final String PATH =
      "'temporary path', '', '' FROM pg_catalog.pg_settings"
          + " WHERE name OPERATOR(pg_catalog.=) 'search_path'"
          + " AND reset_val OPERATOR(pg_catalog.~~) '%pg_temp%'";

  /** Custom settings that questions are to ask for. */
  private static final String NAMED =
      "DISTINCT 'named', CASE WHEN pg_catalog.length(m[1]) OPERATOR(pg_catalog.<=) "
          + (CodeNames.LONGEST + " THEN m[1] ELSE '' END, '' FROM naming AS f, ")
          + (NamesInCode.IN_SOURCE + " LIMIT " + (CodeNames.MOST + 1));

  /** What the census asks. */
  static final String CENSUS =
      "'as of', "
          + CodeSources.OLDEST_TRANSACTION
          + ", '' UNION ALL (WITH RECURSIVE "
          + String.join(", ", CODE, TREE, NamesInCode.NAMING, CodeReach.PARTS)
          + " (SELECT "
          + String.join(
              ") UNION ALL (SELECT ",
              LEAVING,
              NOTIFYING,
              ASKING,
              CodeReach.READS,
              CALLED,
              PATH,
              NAMED,
              CodeReach.UNSEEN,
              CodeReach.UNSEEN_NAMES)
          + "))";

  private CodeQuestion() {}
}
