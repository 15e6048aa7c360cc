package dev.pooler.postgres.session;

import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Built-in functions that node trees may call, by the OIDs that pg_proc.dat has given them for
 * good.
 */
final class BuiltIn {
  /** currval, lastval. */
  static final Set<String> ASK = Set.of("1575", "2559");

  /** pg_notify. */
  static final Set<String> NOTIFY = Set.of("3036");

  static final Set<String> LEAVE =
      Set.of(
          "2078", // set_config
          "1599", // setseed
          "2880", // pg_advisory_lock, _shared, pg_try_advisory_lock, _shared: of one key and of two
          "2881", "2882", "2883", "2886", "2887", "2888", "2889",
          "2924", // query_to_xml, query_to_xmlschema, query_to_xml_and_xmlschema
          "2927", "2930", "3684", // ts_rewrite
          "3685", "3689", // ts_stat
          "3690", "2172", // pg_backup_start
          "3779", // pg_create_ and pg_copy_ _replication_slot
          "3786", "4220", "4221", "4222", "4223", "4224",
          "6006"); // pg_replication_origin_session_setup

  /** One of them, as a regular expression. */
  static final String PATTERN =
      Stream.of(ASK, NOTIFY, LEAVE).flatMap(Set::stream).sorted().collect(Collectors.joining("|"));

  private BuiltIn() {}
}
