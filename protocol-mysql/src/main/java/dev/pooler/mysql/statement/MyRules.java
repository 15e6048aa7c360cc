package dev.pooler.mysql.statement;

import static dev.pooler.core.statement.Footprint.BRANCH;
import static dev.pooler.core.statement.Footprint.CODE;
import static dev.pooler.core.statement.Footprint.DEALLOCATE;
import static dev.pooler.core.statement.Footprint.HOLD_CURSOR;
import static dev.pooler.core.statement.Footprint.PREPARED;
import static dev.pooler.core.statement.Footprint.SCHEMA;
import static dev.pooler.core.statement.Footprint.SERVER_LOCK;
import static dev.pooler.core.statement.Footprint.TABLE_LOCK;
import static dev.pooler.core.statement.Footprint.TEMP_TABLE;
import static dev.pooler.core.statement.StatementTrait.ADMINISTERS;
import static dev.pooler.core.statement.StatementTrait.ASKS_FOR_FILE;
import static dev.pooler.core.statement.StatementTrait.CHAINS;
import static dev.pooler.core.statement.StatementTrait.CONTROLS_TRANSACTION;
import static dev.pooler.core.statement.StatementTrait.CREATES;
import static dev.pooler.core.statement.StatementTrait.LETS_GO;
import static dev.pooler.core.statement.StatementTrait.NAMES_PROCESS;
import static dev.pooler.core.statement.StatementTrait.READS_BACKEND;
import static dev.pooler.core.statement.StatementTrait.READS_DIAGNOSTICS;
import static dev.pooler.core.statement.StatementTrait.RELEASES;
import static dev.pooler.core.statement.StatementTrait.SNAPSHOT;

import dev.pooler.core.statement.Footprint;
import dev.pooler.core.statement.StatementClass;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The statements of MySQL and MariaDB as a table, from chapter 15 of MySQL 9.7's manual (15.3.3 for
 * what commits implicitly) and MariaDB 11.4's SQL Statements. The first rule that fits a statement
 * holds; a statement that fits none is unknown: so are compound statements outside of a routine.
 */
final class MyRules {
  private static final List<MyRule> ALL = new ArrayList<>();
  private static final MyRule[][] BY_FIRST_WORD = new MyRule[MyWord.values().length][];

  static {
    transactions();
    locks();
    queries();
    sessions();
    shows();
    definitions();
    maintenance();
    administration();
    for (MyWord word : MyWord.values()) {
      BY_FIRST_WORD[word.id()] =
          ALL.stream()
              .filter(rule -> rule.steps.getFirst().matches(word.id()))
              .toArray(MyRule[]::new);
    }
  }

  private MyRules() {}

  /** Whether a statement may start with a word. */
  static boolean startsWith(int code) {
    return code >= 0 && code < BY_FIRST_WORD.length && BY_FIRST_WORD[code].length > 0;
  }

  /** The rule that holds for a statement, or null if it is unknown. */
  static @Nullable MyRule find(MyShape shape) {
    int first = shape.head(0);
    if (first < 0 || first >= BY_FIRST_WORD.length) {
      return null;
    }
    for (MyRule rule : BY_FIRST_WORD[first]) {
      if (rule.matches(shape)) {
        return rule;
      }
    }
    return null;
  }

  private static void transactions() {
    rule(StatementClass.BEGIN, "begin [work] <end>").is(CONTROLS_TRANSACTION).commits();
    rule(StatementClass.BEGIN, "start transaction")
        .any(MyWord.WITH_SNAPSHOT)
        .is(CONTROLS_TRANSACTION, SNAPSHOT)
        .commits();
    rule(StatementClass.BEGIN, "start transaction").is(CONTROLS_TRANSACTION).commits();
    rule(StatementClass.SAVEPOINT, "rollback [work] to").is(CONTROLS_TRANSACTION);
    ending(StatementClass.COMMIT, "commit");
    ending(StatementClass.ROLLBACK, "rollback");
    rule(StatementClass.SAVEPOINT, "savepoint").is(CONTROLS_TRANSACTION);
    rule(StatementClass.SAVEPOINT, "release savepoint").is(CONTROLS_TRANSACTION);
    // The branch is bound to its connection until it is prepared; MariaDB's even then, and MySQL's
    // with xa_detach_on_prepare off.
    rule(StatementClass.TWO_PHASE, "xa start|begin|end").leaves(BRANCH).is(CONTROLS_TRANSACTION);
    rule(StatementClass.TWO_PHASE, "xa prepare").leaves(BRANCH).is(CONTROLS_TRANSACTION, LETS_GO);
    rule(StatementClass.TWO_PHASE, "xa commit|rollback")
        .clears(BRANCH)
        .is(CONTROLS_TRANSACTION, LETS_GO);
    rule(StatementClass.TWO_PHASE, "xa recover");
  }

  private static void ending(StatementClass type, String verb) {
    rule(type, verb).any(MyWord.AND_CHAIN).is(CONTROLS_TRANSACTION, CHAINS);
    rule(type, verb).any(MyWord.RELEASES).is(CONTROLS_TRANSACTION, RELEASES);
    rule(type, verb).is(CONTROLS_TRANSACTION);
  }

  private static void locks() {
    rule(StatementClass.UTILITY, "lock table|tables").leaves(TABLE_LOCK).commits();
    rule(StatementClass.UTILITY, "lock instance").leaves(SERVER_LOCK);
    rule(StatementClass.UTILITY, "unlock table|tables").clears(TABLE_LOCK).is(LETS_GO).commits();
    rule(StatementClass.UTILITY, "unlock instance").is(LETS_GO);
    rule(StatementClass.UTILITY, "backup stage end").is(LETS_GO).commits();
    rule(StatementClass.UTILITY, "backup stage|lock").leaves(SERVER_LOCK).commits();
    rule(StatementClass.UTILITY, "backup unlock").is(LETS_GO);
    rule(StatementClass.UTILITY, "flush").any(MyWord.KEPT_LOCK).leaves(TABLE_LOCK).commits();
    rule(StatementClass.UTILITY, "flush").commits();
  }

  private static void queries() {
    for (MyWord found : List.of(MyWord.LOCKING_READ, MyWord.INTO_FILE)) {
      rule(StatementClass.WRITE, "select|table|values|with").any(found);
    }
    rule(StatementClass.READ, "select|table|values|with");
    rule(StatementClass.WRITE, "insert|replace|update|delete");
    rule(StatementClass.COPY, "load data|xml [low_priority|concurrent] local").is(ASKS_FOR_FILE);
    rule(StatementClass.COPY, "load data|xml");
    rule(StatementClass.CALL, "call").leaves(CODE);
    rule(StatementClass.UTILITY, "do");
    rule(StatementClass.CURSOR, "handler <name> [.] [<name>] open").leaves(HOLD_CURSOR);
    rule(StatementClass.CURSOR, "handler <name> [.] [<name>] close").is(LETS_GO);
    rule(StatementClass.CURSOR, "handler <name> [.] [<name>] read");
  }

  private static void sessions() {
    rule(StatementClass.SET, "set @");
    rule(StatementClass.SET, "set <name>");
    rule(StatementClass.UTILITY, "use").leaves(SCHEMA);
    rule(StatementClass.UTILITY, "prepare").leaves(PREPARED);
    rule(StatementClass.CALL, "execute").leaves(CODE);
    rule(StatementClass.UTILITY, "deallocate|drop prepare").leaves(DEALLOCATE).is(LETS_GO);
    rule(StatementClass.UTILITY, "get").any(MyWord.DIAGNOSTICS).is(READS_DIAGNOSTICS);
    rule(StatementClass.UTILITY, "resignal").is(READS_DIAGNOSTICS);
    rule(StatementClass.UTILITY, "signal");
    rule(StatementClass.UTILITY, "kill").is(NAMES_PROCESS);
    // What a server wrote of itself, to be done once more by another: settings too.
    rule(StatementClass.UTILITY, "binlog").leaves(Footprint.UNKNOWN);
  }

  private static void shows() {
    rule(StatementClass.SHOW, "show warnings|errors").is(READS_DIAGNOSTICS);
    rule(StatementClass.SHOW, "show count (").is(READS_DIAGNOSTICS);
    rule(StatementClass.SHOW, "show [full] processlist").is(NAMES_PROCESS);
    rule(StatementClass.SHOW, "show explain|analyze").is(NAMES_PROCESS);
    rule(StatementClass.SHOW, "show profile|profiles").is(READS_BACKEND);
    rule(StatementClass.SHOW, "show [session|local] status").is(READS_BACKEND);
    rule(StatementClass.SHOW, "show|help");
    rule(StatementClass.SHOW, "connection").is(NAMES_PROCESS);
  }

  private static void definitions() {
    rule(StatementClass.DDL, "create [or] [replace] [global|local] temporary").leaves(TEMP_TABLE);
    rule(StatementClass.DDL, "drop temporary").is(LETS_GO);
    rule(StatementClass.DDL, "create or replace database|schema")
        .leaves(SCHEMA)
        .is(CREATES)
        .commits();
    rule(StatementClass.DDL, "drop database|schema").leaves(SCHEMA).is(LETS_GO).commits();
    rule(StatementClass.DDL, "create").any(MyWord.SONAME).is(CREATES, ADMINISTERS).commits();
    rule(StatementClass.DDL, "create").is(CREATES).commits();
    rule(StatementClass.UTILITY, "alter instance").is(ADMINISTERS).commits();
    rule(StatementClass.DDL, "drop").is(LETS_GO).commits();
    rule(StatementClass.DDL, "alter|rename|truncate|grant|revoke|import").commits();
  }

  private static void maintenance() {
    rule(
            StatementClass.UTILITY,
            "analyze|optimize|repair|check [no_write_to_binlog|local] table|tables|view")
        .commits();
    rule(StatementClass.UTILITY, "checksum table|tables");
    rule(StatementClass.UTILITY, "cache index").commits();
    rule(StatementClass.UTILITY, "load index").commits();
  }

  private static void administration() {
    rule(StatementClass.UTILITY, "reset persist").is(ADMINISTERS);
    rule(StatementClass.UTILITY, "reset|change|stop|install|uninstall").is(ADMINISTERS).commits();
    rule(StatementClass.UTILITY, "start [all] slave|slaves|replica|group_replication")
        .is(ADMINISTERS)
        .commits();
    rule(StatementClass.UTILITY, "purge|shutdown|restart|clone").is(ADMINISTERS);
  }

  private static MyRule rule(StatementClass type, String pattern) {
    MyRule rule = new MyRule(type, pattern);
    ALL.add(rule);
    return rule;
  }
}
