package dev.pooler.postgres.statement;

import dev.pooler.core.statement.Footprint;
import dev.pooler.core.statement.StatementTrait;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A built-in or well-known function whose call leaves something behind. Matched by its bare name,
 * in whatever schema and quoted or not: a namesake costs a pin, a missed one mixes sessions.
 */
record PgFunction(String name, int footprint, int traits, int clears) {
  /** Judged by its arguments: {@link SetConfigCall}. */
  static final String SET_CONFIG = "set_config";

  static final List<PgFunction> ALL = all();

  private static final Map<String, PgFunction> BY_NAME =
      ALL.stream().collect(Collectors.toMap(PgFunction::name, Function.identity()));

  /** By its name in lower case; null if it leaves nothing. */
  static @Nullable PgFunction find(String name) {
    return BY_NAME.get(name);
  }

  private static List<PgFunction> all() {
    List<PgFunction> all = new ArrayList<>();
    all.add(new PgFunction(SET_CONFIG, 0, 0, 0));
    leaving(all, Footprint.ADVISORY_LOCK, "pg_advisory_lock", "pg_advisory_lock_shared");
    leaving(all, Footprint.ADVISORY_LOCK, "pg_try_advisory_lock", "pg_try_advisory_lock_shared");
    int letsGo = StatementTrait.LETS_GO.bit();
    all.add(new PgFunction("pg_advisory_unlock", 0, letsGo, 0));
    all.add(new PgFunction("pg_advisory_unlock_shared", 0, letsGo, 0));
    all.add(new PgFunction("pg_advisory_unlock_all", 0, letsGo, Footprint.ADVISORY_LOCK.bit()));
    leaving(all, Footprint.SEED, "setseed");
    leaving(all, Footprint.SEQUENCE_VALUE, "currval", "lastval");
    for (String name : List.of("nextval", "setval")) {
      all.add(new PgFunction(name, 0, StatementTrait.ADVANCES_SEQUENCE.bit(), 0));
    }
    int channels = StatementTrait.TOUCHES_CHANNELS.bit();
    all.add(new PgFunction("pg_notify", 0, channels, 0));
    all.add(new PgFunction("pg_listening_channels", 0, channels, 0));
    int process = StatementTrait.NAMES_PROCESS.bit();
    all.add(new PgFunction("pg_backend_pid", 0, process, 0));
    all.add(new PgFunction("pg_cancel_backend", 0, process, 0));
    all.add(new PgFunction("pg_terminate_backend", 0, process, 0));
    // These run a query that they are given as text.
    leaving(all, Footprint.CODE, "query_to_xml", "query_to_xmlschema");
    leaving(all, Footprint.CODE, "query_to_xml_and_xmlschema", "ts_stat", "ts_rewrite");
    leaving(all, Footprint.CODE, "crosstab", "connectby", "xpath_table");
    // pg_trgm's threshold is a setting.
    leaving(all, Footprint.SETTING, "set_limit");
    // Bound to the session, with no reason of their own.
    leaving(all, Footprint.UNKNOWN, "pg_backup_start", "pg_start_backup");
    leaving(all, Footprint.UNKNOWN, "pg_replication_origin_session_setup");
    leaving(all, Footprint.UNKNOWN, "pg_create_logical_replication_slot");
    leaving(all, Footprint.UNKNOWN, "pg_create_physical_replication_slot");
    leaving(all, Footprint.UNKNOWN, "pg_copy_logical_replication_slot");
    leaving(all, Footprint.UNKNOWN, "pg_copy_physical_replication_slot");
    leaving(all, Footprint.UNKNOWN, "dblink_connect", "dblink_connect_u");
    return List.copyOf(all);
  }

  private static void leaving(List<PgFunction> all, Footprint reason, String... names) {
    for (String name : names) {
      all.add(new PgFunction(name, reason.bit(), 0, 0));
    }
  }
}
