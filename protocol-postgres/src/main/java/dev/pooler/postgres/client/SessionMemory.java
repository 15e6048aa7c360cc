package dev.pooler.postgres.client;

import dev.pooler.core.session.SqlFailure;
import dev.pooler.postgres.statement.SharedStatement;
import dev.pooler.postgres.statement.SharedStatements;
import java.util.Set;

/**
 * What one session makes us keep on the heap beyond its transactions, counted against its own share
 * and against the budget of all. What every session may have for nothing (a small statement without
 * a name, a few settings) is in the launcher's heap for each client. Confined to the session's
 * loop.
 */
final class SessionMemory {
  /** What the objects around a name take, about. */
  private static final int BESIDE_NAME = 192;

  /** What those around a channel take, here and at the shared listener, about. */
  private static final int BESIDE_CHANNEL = 384;

  private static final int OVER = -1;

  private final SharedStatements statements;

  /** All of it, with texts that other sessions have too. */
  private long mine;

  /** What of that is settings; {@link #OVER} once the session is. */
  private int settings;

  SessionMemory(SharedStatements statements) {
    this.statements = statements;
  }

  /** Counts bytes of this session alone; false when that would be too many. */
  boolean take(long bytes) {
    if (mine + bytes > statements.budget().mostOfOne() || !statements.budget().take(bytes)) {
      return false;
    }
    mine += bytes;
    return true;
  }

  /** Counts what cannot be refused any more. */
  void force(long bytes) {
    mine += bytes;
    statements.budget().force(bytes);
  }

  void give(long bytes) {
    mine -= bytes;
    statements.budget().give(bytes);
  }

  /** All of it, for people. */
  long used() {
    return mine;
  }

  /** What it may have. */
  long most() {
    return statements.budget().mostOfOne();
  }

  // --- prepared statements -------------------------------------------------------------------

  /** A name of so many bytes stands for a statement; false where there is no room for that. */
  boolean hold(SharedStatement statement, int name) {
    boolean counted = take(BESIDE_NAME + name);
    if (counted && hold(statement)) {
      return true;
    }
    if (counted) {
      give(BESIDE_NAME + name);
    }
    statements.spare(statement);
    return false;
  }

  /** Undoes one {@link #hold(SharedStatement, int)}. */
  void letGo(SharedStatement statement, int name) {
    give(BESIDE_NAME + name);
    letGo(statement);
  }

  private boolean hold(SharedStatement statement) {
    if (statement == SharedStatement.RAW) {
      return true;
    }
    if (mine + statement.keptLength() > statements.budget().mostOfOne()
        || !statements.hold(statement)) {
      return false;
    }
    mine += statement.keptLength();
    return true;
  }

  private void letGo(SharedStatement statement) {
    if (statement != SharedStatement.RAW) {
      mine -= statement.keptLength();
      statements.letGo(statement);
    }
  }

  /** A name stands for another statement that does the same, and is about as large. */
  void exchange(SharedStatement before, SharedStatement now) {
    statements.holdAnyway(now);
    mine += now.keptLength();
    letGo(before);
  }

  /** What a client is told whose named statement is not kept. */
  SqlFailure noRoom() {
    return SqlFailure.error("53400", 1461, "too much memory for prepared statements")
        .withDetail(
            "This session has "
                + kibibytes(mine)
                + " of "
                + kibibytes(statements.budget().mostOfOne())
                + ", all sessions "
                + kibibytes(statements.budget().used())
                + " of "
                + kibibytes(statements.budget().most())
                + ".")
        .withHint("Close those that are not used any more, or raise limits.session-memory.");
  }

  /** What a client is told whose statement without a name has not been kept. */
  static SqlFailure notKept() {
    return SqlFailure.error("53400", 1461, "the statement without a name was not kept")
        .withDetail("There was no room for its text beyond the transaction that parsed it.")
        .withHint(
            "Send Parse, Bind and Execute in one batch or one transaction, or raise"
                + " limits.session-memory.");
  }

  private static String kibibytes(long bytes) {
    return (bytes + 1023) / 1024 + " KiB";
  }

  // --- settings, channels --------------------------------------------------------------------

  /** The settings and their names take so many bytes from now on; false where there is no room. */
  boolean settings(int bytes) {
    if (settings == OVER) {
      return true; // what it has left is still being asked
    }
    if (bytes > settings && !take(bytes - settings)) {
      return false;
    }
    if (bytes < settings) {
      give(settings - bytes);
    }
    settings = bytes;
    return true;
  }

  /** The session is over. */
  void noSettings() {
    settings(0);
    settings = OVER;
  }

  /** What these channels take. */
  static long sizeOf(Set<String> channels) {
    long bytes = 0;
    for (String channel : channels) {
      bytes += BESIDE_CHANNEL + channel.length();
    }
    return bytes;
  }
}
