package dev.pooler.mysql.backend;

import dev.pooler.mysql.packet.ServerStatus;

/**
 * What a backend has told about its session, in the status flags of OK and EOF packets. An ERR has
 * none: whether a transaction is open, autocommit and the lexer's mode may then be other than told
 * last (a deadlock rolls back; a CALL that fails has run in part), and stay unknown until the next
 * OK, or until somebody who knows the statement says that it {@link #unchanged changed nothing}.
 *
 * <p>Two answers are less than they seem: with autocommit=0 no transaction is reported until a
 * table has been touched, nor for a SAVEPOINT (MySQL bug 107875), so that {@link #atRest} wants
 * autocommit=1 too.
 */
final class BackendStatus {
  /** The flags that stay true between commands. */
  private static final int LASTING =
      ServerStatus.IN_TRANS
          | ServerStatus.AUTOCOMMIT
          | ServerStatus.NO_BACKSLASH_ESCAPES
          | ServerStatus.IN_TRANS_READONLY
          | ServerStatus.ANSI_QUOTES;

  /** As told last. */
  private int flags = ServerStatus.AUTOCOMMIT;

  /** Nothing has been told yet, or an ERR has come since. */
  private boolean doubtful = true;

  /** The flags of the greeting, of an OK or of an EOF. */
  void reported(int status) {
    flags = status;
    doubtful = false;
  }

  /** An ERR has ended an answer: it has no result behind it, and tells no state. */
  void failed() {
    flags &= LASTING;
    doubtful = true;
  }

  /** The failed statement can't have changed what was told before it. */
  void unchanged() {
    doubtful = false;
  }

  /** Whether nothing has come since that might have changed what was told. */
  boolean certain() {
    return !doubtful;
  }

  /** Whether a transaction is open. */
  Truth inTransaction() {
    return truth(ServerStatus.IN_TRANS);
  }

  /** Whether that transaction is READ ONLY. */
  Truth readOnlyTransaction() {
    return truth(ServerStatus.IN_TRANS_READONLY);
  }

  Truth autocommit() {
    return truth(ServerStatus.AUTOCOMMIT);
  }

  /** Whether a backslash in a string is nothing but one: the lexer must know. */
  Truth noBackslashEscapes() {
    return truth(ServerStatus.NO_BACKSLASH_ESCAPES);
  }

  /** Whether nothing that belongs to a transaction may be open: for sure, or it is false. */
  boolean atRest() {
    return !doubtful
        && (flags & (ServerStatus.IN_TRANS | ServerStatus.AUTOCOMMIT)) == ServerStatus.AUTOCOMMIT;
  }

  /** Whether the last packet with flags announced another result. */
  boolean moreResults() {
    return (flags & ServerStatus.MORE_RESULTS_EXISTS) != 0;
  }

  /** Whether the statement has been prepared again by the server, with other columns. */
  boolean metadataChanged() {
    return (flags & ServerStatus.METADATA_CHANGED) != 0;
  }

  /** Whether the last result set had a CALL's OUT parameters. */
  boolean outParameters() {
    return (flags & ServerStatus.PS_OUT_PARAMS) != 0;
  }

  /** Whether the execution has opened a cursor. */
  boolean cursorExists() {
    return (flags & ServerStatus.CURSOR_EXISTS) != 0;
  }

  /** Whether a fetch has come to its cursor's end. */
  boolean lastRowSent() {
    return (flags & ServerStatus.LAST_ROW_SENT) != 0;
  }

  /** Whether the last OK told what changed in the session. */
  boolean sessionStateChanged() {
    return (flags & ServerStatus.SESSION_STATE_CHANGED) != 0;
  }

  /** All flags, as told last; those of the result are gone after an ERR. */
  int flags() {
    return flags;
  }

  /** Those that an EOF between definitions and rows can have: the result's are not known there. */
  int lasting() {
    return flags & LASTING;
  }

  private Truth truth(int flag) {
    return doubtful ? Truth.UNKNOWN : Truth.of((flags & flag) != 0);
  }
}
