package dev.pooler.core.session;

import java.util.Locale;

/** Why a session ended: the word in the log and the label of its metric. */
public enum CloseReason {
  CLIENT_TERMINATED,
  CLIENT_CLOSED,
  CLIENT_PROTOCOL_VIOLATION,
  CLIENT_IDLE_TIMEOUT,
  LOGIN_TIMEOUT,
  LOGIN_REFUSED,
  LOGIN_ABANDONED,
  TLS_FAILED,
  TOO_MANY_CLIENTS,
  OUT_OF_MEMORY,
  BACKEND_LOST,
  BACKEND_PROTOCOL_VIOLATION,
  IDLE_IN_TRANSACTION_TIMEOUT,
  STATEMENT_TIMEOUT,
  STATEMENT_NOT_ALLOWED,
  NOTIFICATIONS_LOST,
  NOTIFICATIONS_UNREAD,
  CANCEL_SERVED,
  DRAINING,
  KILLED,
  OUR_FAULT;

  /** The metric label. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
