package dev.pooler.mysql.statement;

import dev.pooler.core.statement.Footprint;
import dev.pooler.core.statement.StatementTrait;
import java.util.ArrayList;
import java.util.List;

/**
 * A built-in or well-known function whose call leaves something behind, or reads what the session
 * left. Matched by its bare name, quoted or not: a namesake costs a pin, a missed one mixes
 * sessions.
 */
record MyFunction(String name, int footprint, int traits, int clears) {
  /** Reads the number, or with an argument says what it is. */
  static final String LAST_INSERT_ID = "last_insert_id";

  static final List<MyFunction> ALL = all();

  private static List<MyFunction> all() {
    List<MyFunction> all = new ArrayList<>();
    int letsGo = StatementTrait.LETS_GO.bit();
    leaving(all, Footprint.ADVISORY_LOCK, "get_lock");
    all.add(new MyFunction("release_lock", 0, letsGo, 0));
    all.add(new MyFunction("release_all_locks", 0, letsGo, Footprint.ADVISORY_LOCK.bit()));
    // The locking service and version tokens (MySQL 9.7 manual, 7.6.8.1 and 7.6.6).
    leaving(all, Footprint.SERVER_LOCK, "service_get_read_locks", "service_get_write_locks");
    leaving(all, Footprint.SERVER_LOCK, "version_tokens_lock_shared");
    leaving(all, Footprint.SERVER_LOCK, "version_tokens_lock_exclusive");
    all.add(new MyFunction("service_release_locks", 0, letsGo, 0));
    all.add(new MyFunction("version_tokens_unlock", 0, letsGo, 0));
    being(all, StatementTrait.READS_INSERT_ID, LAST_INSERT_ID);
    being(all, StatementTrait.READS_FOUND_ROWS, "found_rows");
    being(all, StatementTrait.READS_ROW_COUNT, "row_count");
    being(all, StatementTrait.NAMES_PROCESS, "connection_id", "is_used_lock");
    being(all, StatementTrait.NAMES_PROCESS, "ps_current_thread_id", "ps_thread_id");
    being(all, StatementTrait.ADVANCES_SEQUENCE, "nextval", "setval");
    leaving(all, Footprint.SEQUENCE_VALUE, "lastval");
    being(all, StatementTrait.TESTS_NULL, "isnull");
    return List.copyOf(all);
  }

  private static void leaving(List<MyFunction> all, Footprint reason, String... names) {
    for (String name : names) {
      all.add(new MyFunction(name, reason.bit(), 0, 0));
    }
  }

  private static void being(List<MyFunction> all, StatementTrait trait, String... names) {
    for (String name : names) {
      all.add(new MyFunction(name, 0, trait.bit(), 0));
    }
  }
}
