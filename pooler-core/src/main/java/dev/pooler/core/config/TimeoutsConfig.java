package dev.pooler.core.config;

import java.time.Duration;

/**
 * Bounds on what a client or a target may take. Zero: unbounded.
 *
 * @param connect opening and authenticating a backend; never zero
 * @param login a client's way from accept to its first ReadyForQuery; never zero
 * @param statement one statement, until it is answered
 * @param idleInTransaction between two statements of an open transaction
 * @param clientIdle between two transactions
 */
public record TimeoutsConfig(
    Duration connect,
    Duration login,
    Duration statement,
    Duration idleInTransaction,
    Duration clientIdle) {
  /** For the login where no database says otherwise. */
  public static final Duration LOGIN = Duration.ofSeconds(15);
}
