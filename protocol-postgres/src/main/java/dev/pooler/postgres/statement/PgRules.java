package dev.pooler.postgres.statement;

import static dev.pooler.core.statement.Footprint.ADVISORY_LOCK;
import static dev.pooler.core.statement.Footprint.HOLD_CURSOR;
import static dev.pooler.core.statement.Footprint.PREPARED;
import static dev.pooler.core.statement.Footprint.SEED;
import static dev.pooler.core.statement.Footprint.SEQUENCE_VALUE;
import static dev.pooler.core.statement.Footprint.SETTING;
import static dev.pooler.core.statement.Footprint.TEMP_TABLE;
import static dev.pooler.core.statement.StatementTrait.CHAINS;
import static dev.pooler.core.statement.StatementTrait.CONTROLS_TRANSACTION;
import static dev.pooler.core.statement.StatementTrait.CREATES;
import static dev.pooler.core.statement.StatementTrait.REFUSES_TRANSACTION;
import static dev.pooler.core.statement.StatementTrait.SETS_LOCALLY;
import static dev.pooler.core.statement.StatementTrait.TEMP_TABLE_UNTIL_COMMIT;
import static dev.pooler.core.statement.StatementTrait.TOUCHES_CHANNELS;

import dev.pooler.core.statement.Footprint;
import dev.pooler.core.statement.StatementClass;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * PostgreSQL's statements as a table, from the manual's part VI and gram.y of version 18. The first
 * rule that fits a statement holds; a statement that fits none is unknown.
 */
final class PgRules {
  private static final List<PgRule> ALL = new ArrayList<>();
  private static final PgRule[][] BY_FIRST_WORD = new PgRule[PgWord.values().length][];

  static {
    transactions();
    settings();
    sessions();
    queries();
    definitions();
    maintenance();
    for (PgWord word : PgWord.values()) {
      BY_FIRST_WORD[word.id()] =
          ALL.stream()
              .filter(rule -> rule.steps.getFirst().matches(word.id()))
              .toArray(PgRule[]::new);
    }
  }

  private PgRules() {}

  /** The rule that holds for a statement, or null if it is unknown. */
  static @Nullable PgRule find(StatementShape shape) {
    int first = shape.head(0);
    if (first < 0 || first >= BY_FIRST_WORD.length) {
      return null;
    }
    for (PgRule rule : BY_FIRST_WORD[first]) {
      if (rule.matches(shape)) {
        return rule;
      }
    }
    return null;
  }

  private static void transactions() {
    rule(StatementClass.BEGIN, "begin").is(CONTROLS_TRANSACTION);
    rule(StatementClass.BEGIN, "start transaction").is(CONTROLS_TRANSACTION);
    rule(StatementClass.TWO_PHASE, "commit|rollback prepared")
        .is(CONTROLS_TRANSACTION, REFUSES_TRANSACTION);
    // PREPARE transaction AS ... prepares a statement of that name.
    rule(StatementClass.TWO_PHASE, "prepare transaction <string>").is(CONTROLS_TRANSACTION);
    rule(StatementClass.COMMIT, "commit|end")
        .any(PgWord.AND_CHAIN)
        .is(CONTROLS_TRANSACTION, CHAINS);
    rule(StatementClass.COMMIT, "commit|end").is(CONTROLS_TRANSACTION);
    rule(StatementClass.SAVEPOINT, "rollback [work|transaction] to").is(CONTROLS_TRANSACTION);
    rule(StatementClass.ROLLBACK, "rollback|abort")
        .any(PgWord.AND_CHAIN)
        .is(CONTROLS_TRANSACTION, CHAINS);
    rule(StatementClass.ROLLBACK, "rollback|abort").is(CONTROLS_TRANSACTION);
    rule(StatementClass.SAVEPOINT, "savepoint|release").is(CONTROLS_TRANSACTION);
  }

  private static void settings() {
    // What is made in a path that begins with pg_temp is temporary without saying so.
    rule(StatementClass.SET, "set local search_path =|to pg_temp")
        .leaves(TEMP_TABLE)
        .is(SETS_LOCALLY);
    rule(StatementClass.SET, "set [session] search_path =|to pg_temp").leaves(SETTING, TEMP_TABLE);
    rule(StatementClass.SET, "set local schema pg_temp").leaves(TEMP_TABLE).is(SETS_LOCALLY);
    rule(StatementClass.SET, "set [session] schema pg_temp").leaves(SETTING, TEMP_TABLE);
    // LOCAL, TRANSACTION and ROLE are no reserved words: SET local.x = 1 sets a custom setting.
    // On these, and on custom settings, no text's meaning depends.
    rule(StatementClass.SET, "set local <name> .");
    rule(
        StatementClass.SET,
        "set local application_name|bytea_output|client_min_messages|extra_float_digits"
            + "|idle_in_transaction_session_timeout|lock_timeout|statement_timeout"
            + "|transaction_timeout");
    // The generator is seeded at once, and no end of a transaction takes that back.
    rule(StatementClass.SET, "set local seed").leaves(SEED);
    rule(StatementClass.SET, "set local <name>").is(SETS_LOCALLY);
    rule(StatementClass.SET, "set [session] transaction isolation|read|not|deferrable|snapshot");
    rule(StatementClass.SET, "set constraints <name>");
    rule(StatementClass.SET, "set [session] role|session_authorization|seed .").leaves(SETTING);
    rule(StatementClass.SET, "set [session] session authorization").leaves(Footprint.ROLE);
    rule(StatementClass.SET, "set [session] role|session_authorization").leaves(Footprint.ROLE);
    rule(StatementClass.SET, "set [session] seed").leaves(SETTING, SEED);
    rule(StatementClass.SET, "set").leaves(SETTING);
    rule(StatementClass.SET, "reset role|session_authorization .").leaves(SETTING);
    rule(StatementClass.SET, "reset role|session_authorization").leaves(Footprint.ROLE);
    rule(StatementClass.SET, "reset session authorization").leaves(Footprint.ROLE);
    rule(StatementClass.SET, "reset all .").leaves(SETTING);
    rule(StatementClass.SET, "reset all").clears(SETTING);
    rule(StatementClass.SET, "reset").leaves(SETTING);
    rule(StatementClass.SHOW, "show");
  }

  private static void sessions() {
    rule(StatementClass.UTILITY, "prepare").leaves(PREPARED);
    rule(StatementClass.UTILITY, "deallocate [prepare] all")
        .leaves(Footprint.DEALLOCATE)
        .clears(PREPARED);
    rule(StatementClass.UTILITY, "deallocate").leaves(Footprint.DEALLOCATE);
    rule(StatementClass.UTILITY, "listen").leaves(Footprint.LISTEN).is(TOUCHES_CHANNELS);
    rule(StatementClass.UTILITY, "unlisten *").clears(Footprint.LISTEN).is(TOUCHES_CHANNELS);
    rule(StatementClass.UTILITY, "unlisten|notify").is(TOUCHES_CHANNELS);
    rule(StatementClass.UTILITY, "load").leaves(Footprint.LOAD);
    rule(StatementClass.CURSOR, "declare").any(PgWord.WITH_HOLD).leaves(HOLD_CURSOR);
    rule(StatementClass.CURSOR, "close all").clears(HOLD_CURSOR);
    rule(StatementClass.CURSOR, "declare|fetch|move|close");
    rule(StatementClass.UTILITY, "discard all")
        .is(REFUSES_TRANSACTION, TOUCHES_CHANNELS)
        .clears(SETTING, Footprint.ROLE, PREPARED, Footprint.LISTEN, TEMP_TABLE)
        .clears(HOLD_CURSOR, ADVISORY_LOCK, SEQUENCE_VALUE);
    rule(StatementClass.UTILITY, "discard temp|temporary").clears(TEMP_TABLE);
    rule(StatementClass.UTILITY, "discard sequences").clears(SEQUENCE_VALUE);
    rule(StatementClass.UTILITY, "discard plans");
    // A COMMIT inside the code fails behind other statements of a pipeline.
    rule(StatementClass.CALL, "call|do").leaves(Footprint.CODE).is(REFUSES_TRANSACTION);
    rule(StatementClass.CALL, "execute").leaves(Footprint.CODE);
  }

  private static void queries() {
    rule(StatementClass.WRITE, "select|with").any(PgWord.INTO).is(CREATES);
    rule(StatementClass.WRITE, "select|values|table|with")
        .any(PgWord.INSERT, PgWord.UPDATE, PgWord.DELETE, PgWord.MERGE)
        .any(PgWord.INTO, PgWord.SHARE);
    rule(StatementClass.READ, "select|values|table|with");
    rule(StatementClass.WRITE, "insert|update|delete|merge|truncate");
    rule(StatementClass.COPY, "copy");
  }

  private static void definitions() {
    rule(StatementClass.DDL, "create [global|local] temp|temporary table")
        .any(PgWord.ON_COMMIT_DROP)
        .is(TEMP_TABLE_UNTIL_COMMIT);
    rule(StatementClass.DDL, "create [or] [replace] [global|local] temp|temporary")
        .leaves(TEMP_TABLE);
    rule(StatementClass.DDL, "create schema").any(PgWord.TEMP, PgWord.TEMPORARY).leaves(TEMP_TABLE);
    rule(StatementClass.DDL, "create").any(PgWord.IN_PG_TEMP).leaves(TEMP_TABLE);
    rule(StatementClass.DDL, "create|drop database|tablespace|subscription")
        .is(REFUSES_TRANSACTION);
    rule(StatementClass.DDL, "alter system|subscription").is(REFUSES_TRANSACTION);
    rule(StatementClass.DDL, "alter database").any(PgWord.TABLESPACE).is(REFUSES_TRANSACTION);
    // ALTER TYPE ... ADD VALUE refused a block before version 12.
    rule(StatementClass.DDL, "alter type").any(PgWord.VALUE).is(REFUSES_TRANSACTION);
    rule(StatementClass.DDL, "create|alter|drop").any(PgWord.CONCURRENTLY).is(REFUSES_TRANSACTION);
    rule(StatementClass.DDL, "create|alter extension").leaves(Footprint.CODE);
    rule(StatementClass.DDL, "create").is(CREATES);
    rule(StatementClass.DDL, "alter|drop");
    rule(StatementClass.DDL, "comment|grant|revoke|reassign|security|import");
  }

  private static void maintenance() {
    // Some forms of REINDEX and CLUSTER do run in a block; the text can't tell for a partitioned
    // table.
    rule(StatementClass.UTILITY, "vacuum|cluster|reindex|repack").is(REFUSES_TRANSACTION);
    rule(StatementClass.UTILITY, "analyze|analyse|checkpoint|lock|refresh");
  }

  private static PgRule rule(StatementClass type, String pattern) {
    PgRule rule = new PgRule(type, pattern);
    ALL.add(rule);
    return rule;
  }
}
