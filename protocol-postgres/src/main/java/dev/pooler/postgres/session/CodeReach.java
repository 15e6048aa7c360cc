package dev.pooler.postgres.session;

/**
 * Whether statements reach functions though their text does not show it: from the functions that
 * matter, of which there are mostly none, to who calls them, until somebody does whom a statement
 * runs.
 */
final class CodeReach {
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
          + " AND contypid OPERATOR(pg_catalog.<>) 0)))"
          // x.f calls f(x) where x is a row: of a type, a domain over one, or whatever is given
          + " UNION SELECT p.oid FROM pg_catalog.pg_proc AS p, pg_catalog.pg_type AS t"
          + " WHERE p.oid OPERATOR(pg_catalog.>=) 16384"
          + " AND p.pronargs OPERATOR(pg_catalog.>=) 1"
          + " AND p.pronargs OPERATOR(pg_catalog.-) p.pronargdefaults OPERATOR(pg_catalog.<=) 1"
          + " AND t.oid OPERATOR(pg_catalog.=) p.proargtypes[0]"
          + " AND t.typtype OPERATOR(pg_catalog.=) ANY (ARRAY['c', 'd', 'p']::\"char\"[])"
          // texts are not looked through for calls of these names
          + " UNION SELECT n.oid FROM (SELECT p.oid,"
          + " pg_catalog.lower(p.proname::pg_catalog.text) AS name FROM pg_catalog.pg_proc AS p"
          + " WHERE p.oid OPERATOR(pg_catalog.>=) 16384) AS n WHERE (n.name"
          + " OPERATOR(pg_catalog.=) ANY (SELECT b.proname::pg_catalog.text" // which is hashed
          + " FROM pg_catalog.pg_proc AS b WHERE b.oid OPERATOR(pg_catalog.<) 16384)"
          + " OR n.name OPERATOR(pg_catalog.=) ANY ("
          + PgSettings.literal(ExtensionFunctions.AS_ARRAY)
          + "::pg_catalog.text[]) OR pg_catalog.strpos(n.name, 'st_') OPERATOR(pg_catalog.=) 1)"
          + " AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d"
          + " WHERE d.classid OPERATOR(pg_catalog.=) 1255 AND d.objid OPERATOR(pg_catalog.=) n.oid"
          + " AND d.deptype OPERATOR(pg_catalog.=) 'e')";

  /** Functions in whose source a name stands: whatever it means there. */
  private static final String NAMING =
      "SELECT s.oid, s.name FROM source AS s WHERE "
          + CodeSources.seldom("pg_catalog.strpos(s.source, r.name) OPERATOR(pg_catalog.>) 0");

  /** Functions that call one without a word in their source: in arguments' defaults, aggregates. */
  private static final String DEPENDING =
      "SELECT p.oid, pg_catalog.lower(p.proname::pg_catalog.text) FROM pg_catalog.pg_depend AS d,"
          + " pg_catalog.pg_proc AS p WHERE d.refclassid OPERATOR(pg_catalog.=) 1255"
          + " AND d.refobjid OPERATOR(pg_catalog.=) r.oid AND d.classid OPERATOR(pg_catalog.=) 1255"
          + " AND p.oid OPERATOR(pg_catalog.=) d.objid";

  /**
   * Subqueries of a recursive WITH that has code (oid, name, leaves) and seeking (oid, name);
   * sources are read if some code leaves something.
   */
  static final String PARTS =
      "reader AS ("
          + CALLED_BY_READS
          + "), source AS (SELECT p.oid, p.name, pg_catalog.lower(p.source) AS source"
          + CodeSources.functions(null)
          + " WHERE EXISTS (SELECT FROM code WHERE leaves)), "
          + callers(
              "reached",
              "code WHERE " + CodeSources.seldom("leaves") + " AND EXISTS (SELECT FROM reader)")
          + ", "
          + callers("unseen", "seeking WHERE oid OPERATOR(pg_catalog.<>) 0");

  /** Ends with the first that is found: a join would follow all of them. */
  static final String READS =
      "'reads', '', '' WHERE EXISTS (SELECT FROM reached WHERE"
          + " (oid OPERATOR(pg_catalog.=) ANY (SELECT refobjid FROM reader)) IS TRUE)";

  /**
   * Code that hides names runs where no text shows it: as an expression, for one, or in whatever
   * depends on a function. One that can do with one argument may be called as x.f, like a column.
   */
  static final String UNSEEN =
      "'unseen', '', '' WHERE EXISTS (SELECT FROM seeking WHERE oid OPERATOR(pg_catalog.=) 0)"
          + " OR EXISTS (SELECT FROM unseen AS u, pg_catalog.pg_proc AS p"
          + " WHERE p.oid OPERATOR(pg_catalog.=) u.oid AND ((p.pronargs OPERATOR(pg_catalog.>=) 1"
          + " AND p.pronargs OPERATOR(pg_catalog.-) p.pronargdefaults OPERATOR(pg_catalog.<=) 1)"
          + " OR EXISTS (SELECT FROM pg_catalog.pg_depend AS d"
          + " WHERE d.refclassid OPERATOR(pg_catalog.=) 1255"
          + " AND d.refobjid OPERATOR(pg_catalog.=) p.oid"
          + " AND d.classid OPERATOR(pg_catalog.<>) 1255)))";

  /** What a text must name to run such code otherwise. */
  static final String UNSEEN_NAMES = "'hides', name, '' FROM unseen LIMIT " + (CodeNames.MOST + 1);

  private static String callers(String reached, String from) {
    return reached
        + " (oid, name) AS (SELECT oid, name FROM "
        + (from + " UNION SELECT c.oid, c.name FROM " + reached + " AS r, LATERAL (")
        + (NAMING + " UNION ALL " + DEPENDING)
        + ") AS c)";
  }

  private CodeReach() {}
}
