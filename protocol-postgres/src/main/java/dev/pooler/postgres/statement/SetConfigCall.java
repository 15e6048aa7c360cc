package dev.pooler.postgres.statement;

import dev.pooler.core.statement.Footprint;
import dev.pooler.core.statement.SqlScanner;
import java.util.Set;

/**
 * Judges a call of set_config(name, value, is_local) by its arguments: only a third one that is the
 * bare word TRUE keeps the setting within the transaction. A call inside a call's arguments is
 * taken for the worst.
 */
final class SetConfigCall {
  /** No text's meaning depends on these. */
  private static final Set<Integer> RUN_TIME_ONLY =
      Set.of(
          PgWord.APPLICATION_NAME.id(),
          PgWord.BYTEA_OUTPUT.id(),
          PgWord.CLIENT_MIN_MESSAGES.id(),
          PgWord.EXTRA_FLOAT_DIGITS.id(),
          PgWord.IDLE_IN_TRANSACTION_SESSION_TIMEOUT.id(),
          PgWord.LOCK_TIMEOUT.id(),
          PgWord.STATEMENT_TIMEOUT.id(),
          PgWord.TRANSACTION_TIMEOUT.id());

  private static final int ANYTHING =
      Footprint.SETTING.bit() | Footprint.ROLE.bit() | Footprint.SEED.bit();

  private int depth;
  private int argument;
  private int tokens;
  private int setting;
  private boolean named;
  private boolean local;
  private boolean custom;
  private int footprint;
  private boolean setsLocally;
  private boolean changesReading;

  void clear() {
    depth = 0;
    footprint = 0;
    setsLocally = false;
    changesReading = false;
  }

  /** Whether one of them, for so long as it counts, may change what a text means. */
  boolean setsLocally() {
    return setsLocally || depth != 0;
  }

  /** Whether one of them may change how the texts behind it are read. */
  boolean changesReading() {
    return changesReading || depth != 0;
  }

  /** What the calls seen so far leave. */
  int footprint() {
    return footprint;
  }

  /** A call's opening parenthesis, which is number depthInside. */
  void open(int depthInside) {
    if (depth != 0) {
      footprint |= ANYTHING;
      setsLocally = true;
      changesReading = true;
      return;
    }
    depth = depthInside;
    custom = false;
    argument = 0;
    tokens = 0;
    named = false;
    local = false;
  }

  /** The next token; parentheses count as outside of what they open and close. */
  void token(int code, int depthNow, SqlScanner scanner) {
    if (depth == 0) {
      return;
    }
    if (code == PgVocabulary.symbol(')') && depthNow < depth) {
      close();
    } else if (code == PgVocabulary.symbol(',') && depthNow == depth) {
      argument++;
      tokens = 0;
    } else {
      tokens++;
      argument(code, scanner);
    }
  }

  private void argument(int code, SqlScanner scanner) {
    boolean alone = tokens == 1;
    if (argument == 0) {
      named = alone && code == PgVocabulary.STRING && scanner.isVerbatim();
      custom = named && scanner.contains('.');
      setting = named ? PgVocabulary.setting(scanner) : PgVocabulary.NAME;
    } else if (argument == 2) {
      local = alone && code == PgWord.TRUE.id();
    }
    boolean mayBeTemporary =
        code == PgVocabulary.ESCAPED_STRING && setting == PgWord.SEARCH_PATH.id();
    if (code == PgWord.PG_TEMP.id() || mayBeTemporary) {
      footprint |= Footprint.TEMP_TABLE.bit();
    }
  }

  private static boolean changesReading(int setting) {
    return setting == PgWord.CLIENT_ENCODING.id()
        || setting == PgWord.STANDARD_CONFORMING_STRINGS.id();
  }

  private void close() {
    depth = 0;
    changesReading |= !named || changesReading(setting);
    setsLocally |= !named || (!custom && !RUN_TIME_ONLY.contains(setting));
    if (named && setting == PgWord.SEED.id()) {
      footprint |= Footprint.SEED.bit();
    }
    if (argument == 2 && local) {
      return;
    }
    if (!named) {
      footprint |= ANYTHING;
    } else if (setting == PgWord.ROLE.id() || setting == PgWord.SESSION_AUTHORIZATION.id()) {
      footprint |= Footprint.ROLE.bit();
    } else {
      footprint |= Footprint.SETTING.bit();
    }
  }
}
