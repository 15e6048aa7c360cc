package dev.pooler.postgres.statement;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.core.statement.Footprint;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which texts call a function that no table knows, and which only look like it. */
class FunctionCallsTest {
  /** Handled by the read-back of settings, which needs to be told that code may have run. */
  @Tag("case-82")
  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELECT f(1)",
        "SELECT f (1)",
        "SELECT f /* x */ ()",
        "SELECT a, f(1) FROM t",
        "SELECT \"f\"(1)",
        "SELECT public.lower('x')",
        "SELECT app . f(1)",
        "SELECT db.app.f(1)",
        "SELECT pg_catalog.f(1)",
        "SELECT \"PG_CATALOG\".lower('x')",
        "SELECT public.nextval('x')",
        "SELECT \"LOWER\"('x')",
        "SELECT \"values\"(1)",
        "SELECT \"select\"(1)",
        "SELECT \"coalesce\"(1)",
        "SELECT public.coalesce(1)",
        "SELECT public.st_area(g)",
        "SELECT lower(f('x'))",
        "SELECT * FROM f(1)",
        "SELECT * FROM t, f(1) AS (a int)",
        "SELECT * FROM t JOIN f(1) ON true",
        "SELECT * FROM t CROSS JOIN LATERAL f(t.a)",
        "SELECT * FROM t JOIN u ON f(t.a)",
        "SELECT * FROM ROWS FROM (f(1))",
        "SELECT 1 WHERE f(1)",
        "SELECT 1 WHERE NOT f(1) AND g(1)",
        "SELECT 1 GROUP BY f(1)",
        "SELECT 1 ORDER BY f(1)",
        "SELECT sum(a) OVER (PARTITION BY f(a))",
        "SELECT a BETWEEN f(1) AND 2",
        "SELECT a LIKE 'x' ESCAPE f(1)",
        "SELECT a AT TIME ZONE f(1)",
        "SELECT a + f(1)",
        "SELECT a OPERATOR(pg_catalog.+) f(1)",
        "SELECT DISTINCT ON (a) f(b) FROM t",
        "SELECT CASE WHEN true THEN f(1) END",
        "SELECT CASE WHEN true THEN insert(1) END",
        "SELECT ARRAY[f(1)]",
        "SELECT 1 LIMIT f(1)",
        "SELECT 1::f(1)",
        "SELECT reset(1)",
        "SELECT close(1), value(2)",
        "SELECT set(1)",
        "SELECT options(1)",
        "SELECT 1 ORDER BY hash(1)",
        "VALUES (f(1))",
        "INSERT INTO t (a) VALUES (f(1))",
        "INSERT INTO t VALUES (1) RETURNING f(a)",
        "INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET a = f(1)",
        "UPDATE t SET a = f(1)",
        "DELETE FROM t USING f(1) x",
        "MERGE INTO t USING f(1) x ON true WHEN MATCHED THEN DELETE",
        "WITH a AS (SELECT f(1)) SELECT 1",
        "CREATE TABLE t AS SELECT f(1)",
        "CREATE INDEX i ON t (f(a))",
        "CREATE TABLE t AS SELECT 1 FROM a JOIN b ON f(a)",
        "ALTER TABLE t ADD COLUMN a int DEFAULT f(1)",
        "ALTER TABLE t ALTER a TYPE int USING f(a)",
        "COPY (SELECT f(1)) TO STDOUT",
        "EXPLAIN ANALYZE SELECT f(1)",
        "PREPARE p AS SELECT f(1)",
        "EXECUTE p(f(1))",
        "SELECT 1; SELECT f(1)",
        "SELECT d\u00e9j\u00e0(1)",
        "SELECT lower2('x')",
        "SELECT a_name_of_more_than_63_bytes_that_the_server_cuts_off_at_the_63rd_one(1)"
      })
  void callsAFunctionThatNobodyKnows(String sql) {
    assertTrue(flags(sql));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELECT count(*), sum(a), lower('x'), now(), pg_catalog.upper('x')",
        "SELECT LOWER('x'), \"lower\"('x'), pg_catalog.\"lower\"('x')",
        "SELECT information_schema._pg_expandarray(i.indkey)",
        "SELECT gen_random_uuid(), uuid_generate_v4(), crypt('a', gen_salt('bf')), similarity(a, b)",
        "SELECT ST_Area(g), ST_MakePoint(1, 2)::geometry(Point, 4326), l2_distance(a, b)",
        "SELECT pg_try_advisory_xact_lock(1), nextval('s'), pg_notify('a', 'b'), lo_create(0)",
        "SELECT coalesce(a, 1), greatest(1, 2), least(1, 2), nullif(1, 2), extract(year FROM a)",
        "SELECT cast(a AS varchar(10)), a::numeric(10, 2), a::timestamp(3), char(3) 'x'",
        "SELECT xmlelement(name a, xmlattributes(b)), json_object('a' : 1), grouping(a)",
        "SELECT position('a' IN b), substring(a FROM 1), trim(BOTH (a) FROM b), overlay(a PLACING b FROM 1)",
        "SELECT (a, b), ROW(1, 2), ARRAY(SELECT 1), EXISTS (SELECT 1), NOT (a), - (b)",
        "SELECT * FROM t WHERE a IN (1, 2) AND (b) OR (c) AND d = ANY ($1) AND e <> ALL (f)",
        "SELECT * FROM t WHERE a LIKE (b) AND c BETWEEN (1) AND (2) AND d IS DISTINCT FROM (e)",
        "SELECT sum(a) FILTER (WHERE b) OVER (PARTITION BY (c) ORDER BY (d)), rank() OVER w FROM t",
        "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a) FROM t WINDOW w AS (ORDER BY b)",
        "SELECT * FROM t JOIN u USING (a) JOIN (SELECT 1) x ON (true) LEFT JOIN (v CROSS JOIN w) ON (1=1)",
        "SELECT * FROM (VALUES (1, 2)) AS t(a, b), (VALUES (1)) u(c), generate_series(1, 2) g(n)",
        "SELECT * FROM orders o (a, b), \"Orders\" p (c), a.orders AS q (d)",
        "SELECT * FROM unnest($1) WITH ORDINALITY AS t(a, b), unnest($1) WITH ORDINALITY u(a, b)",
        "SELECT * FROM json_to_record('{}') AS x(a int, b varchar(3))",
        "SELECT * FROM t TABLESAMPLE bernoulli (10) REPEATABLE (1)",
        "SELECT 1 GROUP BY (a, b), ROLLUP (c), CUBE (d), GROUPING SETS ((a), ()) HAVING (e) ORDER BY (f)",
        "SELECT 1 UNION (SELECT 2) EXCEPT ALL (SELECT 3) LIMIT (1) OFFSET (2)",
        "SELECT a AT TIME ZONE ('UTC'), INTERVAL '1' SECOND(3), a::bit varying(3), b::character varying(3)",
        "SELECT DISTINCT ON (a) b, count(*) OVER (ORDER BY c) FROM t",
        "SELECT a OPERATOR(pg_catalog.~) '^(x)$', sum(b) FILTER (WHERE c) FROM t",
        "WITH t(a) AS (SELECT 1), u AS NOT MATERIALIZED (SELECT 2) SELECT * FROM t",
        "WITH RECURSIVE t(a) AS (VALUES (1) UNION ALL SELECT a + 1 FROM t WHERE (a < 3)) TABLE t",
        "INSERT INTO t (a, b) VALUES (1, 2), (3, 4) ON CONFLICT (a) DO UPDATE SET (a, b) = (1, 2)",
        "INSERT INTO \"My Schema\".\"T\" (\"a\") SELECT (1) RETURNING (a)",
        "INSERT INTO public.value(a) VALUES ($1)",
        "UPDATE t SET (a, b) = (SELECT 1, 2) WHERE (c)",
        "MERGE INTO t USING s ON (a) WHEN NOT MATCHED THEN INSERT (a) VALUES (1)",
        "CREATE TABLE t (a serial PRIMARY KEY, b varchar(10), c geometry(Point), d my_type(3) CHECK (d > 0))",
        "CREATE TABLE IF NOT EXISTS s.t (a int REFERENCES u (b), UNIQUE (a), FOREIGN KEY (a) REFERENCES s.u(b))",
        "CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY (START 1), b int GENERATED ALWAYS AS (a) STORED)",
        "CREATE TABLE t (a int, EXCLUDE USING gist (a WITH =)) PARTITION BY RANGE (a)",
        "CREATE TABLE t PARTITION OF u FOR VALUES FROM (1) TO (2) PARTITION BY LIST (a) WITH (fillfactor = 7)",
        "CREATE UNIQUE INDEX i ON s.t (a, lower(b)) INCLUDE (c) WITH (fillfactor = 7) WHERE (d)",
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t USING gin (a gin_trgm_ops (siglen = 1))",
        "CREATE VIEW v (a, b) AS SELECT 1, 2",
        "CREATE FUNCTION f(a int) RETURNS TABLE (b int) LANGUAGE sql AS 'SELECT g(1)'",
        "CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f()",
        "CREATE TYPE e AS ENUM ('a')",
        "CREATE TYPE e AS (a int)",
        "CREATE AGGREGATE a(int) (SFUNC = f, STYPE = int)",
        "ALTER TABLE t ADD CONSTRAINT c UNIQUE (a), ALTER b SET (n_distinct = 1), ADD d numeric(1, 2)",
        "ALTER TABLE t SET (fillfactor = 7)",
        "ALTER TABLE ONLY t ADD FOREIGN KEY (a) REFERENCES ONLY s.t (b)",
        "ALTER FUNCTION f(int) OWNER TO joe",
        "DROP FUNCTION IF EXISTS s.f(int), g(text)",
        "GRANT SELECT (a), INSERT (b) ON t TO joe",
        "GRANT EXECUTE ON FUNCTION f(int), g(int) TO joe",
        "COMMENT ON FUNCTION f(int) IS 'x'",
        "COPY t (a, b) FROM STDIN WITH (FORMAT csv)",
        "COPY s.t(a, b) FROM STDIN (FORMAT csv)",
        "ANALYZE t (a, b), s.u (c)",
        "VACUUM (FULL) t (a)",
        "EXPLAIN (ANALYZE, BUFFERS) SELECT count(*) FROM t",
        "PREPARE p (int, varchar(3)) AS SELECT 1",
        "SELECT f, 'f(1)', $$g(1)$$, \"h(1)\" /* i(1) */ -- j(1)"
      })
  void onlyLooksLikeACall(String sql) {
    assertFalse(flags(sql));
  }

  @Test
  void aCallOrAnExecuteIsCodeAndNoUnknownFunction() {
    assertEquals("[CODE]", PgTexts.facts("CALL s.p(1)").footprints().toString());
    assertEquals("[CODE]", PgTexts.facts("EXECUTE p(1)").footprints().toString());
  }

  @Test
  void aNameFarBeforeItsParenthesisIsFlaggedRatherThanLost() {
    String space = " ".repeat(9000);
    assertTrue(flags("SELECT f" + space + "(1)"));
    assertTrue(flags("SELECT lower" + space + "('x')"));
    assertTrue(flags("SELECT 1 AND" + space + "f(1)"));
    assertFalse(flags("INSERT INTO" + space + "t(a) VALUES (1)"));
  }

  /** Each that is said to be shown is, and none that is not. */
  @Test
  void whatIsSaidToBeShownIs() {
    for (String name : List.of("f", "my_function", "lower_x")) {
      assertTrue(PgStatementRules.showsCallsOf(name), name);
      assertTrue(flags("INSERT INTO t VALUES (" + name + "(1))"), name);
    }
    for (String name : List.of("\u00e4", "st_mine", "lower", "set", "zone")) {
      assertFalse(PgStatementRules.showsCallsOf(name), name);
    }
    assertFalse(PgStatementRules.showsCallsOf("uuid_generate_v4"), "of an extension");
    assertFalse(PgStatementRules.showsCallsOf("dblink_connect"), "with a footprint of its own");
  }

  private static boolean flags(String sql) {
    return PgTexts.facts(sql).leaves(Footprint.UNKNOWN_FUNCTION);
  }
}
