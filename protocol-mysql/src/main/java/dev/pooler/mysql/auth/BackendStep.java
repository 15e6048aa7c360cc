package dev.pooler.mysql.auth;

import org.jspecify.annotations.Nullable;

/** What to do next while we log in at a backend. The receiver owns the arrays. */
@SuppressWarnings("ArrayRecordComponent") // steps are used once and never compared
public sealed interface BackendStep {

  /**
   * Send the HandshakeResponse41, or the COM_CHANGE_USER, with this plugin and this authentication
   * response (empty: none), then read.
   */
  record Hello(AuthMethod method, byte[] response) implements BackendStep {}

  /** Send a packet with this payload, which may be empty, then read. */
  record Respond(byte[] payload) implements BackendStep {}

  /**
   * Run {@link Derivation#derive} on a thread that may block, then hand its result to {@link
   * BackendAuthentication#onDerived}. Read nothing from the backend in between.
   */
  record Derive(Derivation derivation) implements BackendStep {}

  /** Nothing to send: read on. */
  record Wait() implements BackendStep {}

  /** OK came, and it was right that it came; its payload holds status flags and session state. */
  record Done() implements BackendStep {}

  /** The server has refused us with an ERR packet; it closes the connection. */
  record Refused(ServerRefusal refusal) implements BackendStep {}

  /**
   * We refuse the server: the text says what to change.
   *
   * @param farewell where it is there, send it, read one packet, and close then: to the server it
   *     is a wrong password, which it refuses. A login that breaks off would count toward its
   *     max_connect_errors, and with 100 of them it blocks our host, for everybody on it (MySQL
   *     9.7, Host_errors: errors of the handshake count, those of the credentials don't). Null
   *     where the server does not keep to the protocol: close at once
   */
  record Failed(BackendFailure reason, String text, byte @Nullable [] farewell)
      implements BackendStep {}
}
