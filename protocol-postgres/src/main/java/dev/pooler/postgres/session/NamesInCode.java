package dev.pooler.postgres.session;

import static dev.pooler.postgres.session.CodeSources.matches;
import static dev.pooler.postgres.session.CodeSources.or;

import org.jspecify.annotations.Nullable;

/**
 * What is asked about custom settings that code of a database ({@link CodeSources}) sets: no view
 * shows them, so that they are asked for by name. Rows as {@link SessionQuestion}'s.
 */
final class NamesInCode {
  /** Names in a source of f, as m[1]. */
  static final String IN_SOURCE =
      "pg_catalog.regexp_matches(f.source, "
          + PgSettings.literal(CodePatterns.NAMED)
          + ", 'gi') AS m";

  /** Code that sets names which its source does not tell, or leaves what no question covers. */
  static final String HIDDEN =
      "f.other"
          + or("f.source", CodePatterns.HIDDEN_CALL)
          + or("f.source", CodePatterns.UNASKED_CALL)
          + or("f.source", CodePatterns.SEED)
          + or("f.source", CodePatterns.LOAD)
          + or(withoutUpdates(), CodePatterns.HIDDEN_STATEMENT)
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

  /**
   * For a WITH that has code (leaves) and tree: where none leaves anything none is read again. What
   * runs text may call what hides by a name that it puts together.
   */
  static final String NAMING =
      "naming AS ("
          + functions(null, " AND EXISTS (SELECT FROM code WHERE leaves)")
          + " UNION ALL SELECT 0::pg_catalog.oid, '', "
          + CodeSources.calls("tree")
          + ", false, false FROM tree), hiding AS (SELECT f.oid, f.name FROM naming AS f WHERE "
          + CodeSources.seldom(HIDDEN)
          + "), seeking AS (SELECT oid, name FROM hiding UNION SELECT f.oid, f.name"
          + " FROM naming AS f WHERE "
          + CodeSources.seldom(matches("f.source", CodePatterns.RUNS_TEXT))
          + " AND EXISTS (SELECT FROM hiding))";

  private NamesInCode() {}

  /**
   * Custom settings that have a value, and whether code may have set others.
   *
   * @param trees expressions are to be read too
   * @param known what need not be read
   */
  static String values(boolean trees, CodeNames known) {
    String since = known.asOf();
    String sources = functions(since, "") + (trees ? " UNION ALL " + expressions(since) : "");
    String hidden = " WHERE EXISTS (SELECT FROM (" + sources + ") AS f WHERE " + HIDDEN + ")";
    return "'setting', s.name, "
        + SessionQuestion.told("s.value")
        + " FROM (SELECT n.name,"
        + " pg_catalog.current_setting(n.name, true) AS value FROM ("
        + "SELECT DISTINCT m[1] AS name FROM ("
        + (sources + ") AS f, " + IN_SOURCE + told(known))
        + ") AS n) AS s WHERE s.value IS NOT NULL"
        + (" UNION ALL SELECT 'hidden', '', ''" + (known.hides() ? "" : hidden));
  }

  private static String told(CodeNames known) {
    return known.told().isEmpty()
        ? ""
        : " UNION SELECT pg_catalog.unnest(pg_catalog.string_to_array("
            + PgSettings.literal(String.join(" ", known.told()))
            + ", ' '))";
  }

  private static String functions(@Nullable String since, String condition) {
    return "(SELECT p.oid, p.name, "
        + bare("p.source", CodePatterns.COMMENT, "")
        + " AS source, p.other AS other, EXISTS (SELECT FROM pg_catalog.pg_depend AS d"
        + " WHERE d.classid OPERATOR(pg_catalog.=) 1255 AND d.objid OPERATOR(pg_catalog.=) p.oid"
        + " AND d.deptype OPERATOR(pg_catalog.=) 'e') AS extension"
        + CodeSources.functions(since)
        + " WHERE (p.other"
        + or("p.source", CodePatterns.ANY)
        + (")" + condition + " OFFSET 0)");
  }

  private static String expressions(@Nullable String since) {
    return "(SELECT 0::pg_catalog.oid, '', "
        + CodeSources.calls("t.tree")
        + ", false, false FROM ("
        + CodeSources.trees(since)
        + ") AS t WHERE "
        + (matches("t.tree", ":funcid (" + BuiltIn.PATTERN + ") ") + " OFFSET 0)");
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
}
