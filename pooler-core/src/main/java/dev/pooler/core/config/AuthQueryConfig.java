package dev.pooler.core.config;

import org.jspecify.annotations.Nullable;

/**
 * How the verifiers of users that the configuration does not name are looked up at the target.
 *
 * @param user who asks
 * @param password of {@code user}, or null where the target asks for none
 * @param database where it is asked
 * @param query gives a row of name and verifier for {@code $1}
 */
public record AuthQueryConfig(
    String user, @Nullable Secret password, String database, String query) {

  /** PgBouncer's, with VALID UNTIL looked at (CVE-2025-2291) and no search_path needed. */
  public static final String QUERY =
      "SELECT usename, CASE WHEN valuntil < pg_catalog.now() THEN NULL ELSE passwd END"
          + " FROM pg_catalog.pg_shadow WHERE usename = $1";
}
