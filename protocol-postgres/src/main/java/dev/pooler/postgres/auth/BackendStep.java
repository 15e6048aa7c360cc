package dev.pooler.postgres.auth;

/** What to do next while we log in at a backend. The receiver owns the arrays. */
@SuppressWarnings("ArrayRecordComponent") // steps are used once and never compared
public sealed interface BackendStep {

  /**
   * Send a 'p' message with this body (PasswordMessage, SASLInitialResponse or SASLResponse).
   *
   * @param exposed the password goes in the clear over a network: warn once for each target
   */
  record Respond(byte[] body, boolean exposed) implements BackendStep {}

  /**
   * Run {@link KeyDerivation#derive} on a thread that may block, then hand its result to {@link
   * BackendAuthentication#onKey}. Read nothing from the backend in between.
   */
  record Derive(KeyDerivation derivation) implements BackendStep {}

  /** The server has proven itself; AuthenticationOk follows. */
  record Wait() implements BackendStep {}

  /** AuthenticationOk came, and it was right that it came: ParameterStatus and so on follow. */
  record Done() implements BackendStep {}

  /** Close the connection; the text says what to change. */
  record Failed(BackendFailure reason, String text) implements BackendStep {}
}
