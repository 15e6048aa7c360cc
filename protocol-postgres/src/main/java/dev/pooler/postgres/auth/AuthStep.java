package dev.pooler.postgres.auth;

import org.jspecify.annotations.Nullable;

/** What the listener does next while a client logs in. The receiver owns the arrays. */
@SuppressWarnings("ArrayRecordComponent") // steps are used once and never compared
public sealed interface AuthStep {

  /** Send Authentication ('R') with this code and data, then wait for one 'p' message. */
  record Request(int authCode, byte[] data) implements AuthStep {}

  /**
   * The client is who it says. Where {@code finalData} is there, it goes out as
   * AuthenticationSASLFinal in front of AuthenticationOk.
   *
   * @param keys what a SCRAM login showed of the client's password: with it pooler can log in as
   *     that user at a backend that stores the same verifier, and no password needs to be
   *     configured
   */
  record Granted(String user, byte @Nullable [] finalData, @Nullable PassedKeys keys)
      implements AuthStep {}

  /**
   * Send {@code text} as a FATAL ErrorResponse with the reason's SQLSTATE and close.
   *
   * @param detail for the log alone: it may tell an unknown user from a wrong password
   */
  record Refused(AuthRefusal reason, String text, String detail) implements AuthStep {}
}
