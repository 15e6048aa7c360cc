package dev.pooler.mysql.auth;

import org.jspecify.annotations.Nullable;

/**
 * One client's login, from its HandshakeResponse41 or COM_CHANGE_USER to OK (MySQL 9.7 protocol
 * documentation, "Connection Phase"). No channel, no clock, nothing that blocks: it may run on an
 * event loop. One object serves one login and is confined to that client's thread. After {@link
 * AuthStep.Granted} or {@link AuthStep.Refused} it is over, and a further call is a mistake of
 * ours.
 */
public sealed interface ClientAuthentication permits Trust, Peer, PasswordLogin {

  /**
   * The HandshakeResponse41, which answers our greeting. Called once, or {@link #change} is.
   *
   * @param plugin the method that the response is of; null where the client has no
   *     CLIENT_PLUGIN_AUTH
   * @param response auth_response; empty where there is none
   */
  AuthStep begin(@Nullable String plugin, byte[] response);

  /**
   * A COM_CHANGE_USER: what it carries answers the greeting of long ago, and has been on the wire
   * before, so that the login begins anew with a nonce of its own.
   */
  AuthStep change(@Nullable String plugin, byte[] response);

  /**
   * The payload after {@link AuthStep.Switch} or {@link AuthStep.More}.
   *
   * @throws IllegalStateException when nothing was requested
   */
  AuthStep onResponse(byte[] body);

  /**
   * The result of {@link AuthStep.Check}.
   *
   * @throws IllegalStateException when nothing was to be checked
   */
  AuthStep onChecked(PasswordCheck.Outcome outcome);

  /**
   * The longest payload that is worth reading now, in bytes; what declares more is refused by its
   * header, before anything is allocated.
   */
  int maxResponse();
}
