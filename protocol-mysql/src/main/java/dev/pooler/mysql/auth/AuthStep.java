package dev.pooler.mysql.auth;

import org.jspecify.annotations.Nullable;

/** What the listener does next while a client logs in. The receiver owns the arrays. */
@SuppressWarnings("ArrayRecordComponent") // steps are used once and never compared
public sealed interface AuthStep {

  /**
   * Send Protocol::AuthSwitchRequest (0xfe, the plugin's name, a NUL) with this data, then wait for
   * one packet.
   */
  record Switch(AuthMethod method, byte[] data) implements AuthStep {}

  /** Send Protocol::AuthMoreData (0x01) with this data, then wait for one packet. */
  record More(byte[] data) implements AuthStep {}

  /**
   * Run {@link PasswordCheck#run} on a thread that may block, then hand its result to {@link
   * ClientAuthentication#onChecked}. Read nothing from the client in between.
   */
  record Check(PasswordCheck check) implements AuthStep {}

  /**
   * The client is who it says.
   *
   * @param more goes out as AuthMoreData in front of OK, where it is there. Clients insist: a
   *     libmysqlclient whose caching_sha2_password response is answered by OK alone gives up
   * @param shown the password, where the client has shown it: with it pooler can log in as that
   *     user at a backend, and none needs to be configured
   */
  record Granted(String user, byte @Nullable [] more, @Nullable Password shown)
      implements AuthStep {}

  /**
   * Send {@code text} as an ERR packet with the reason's number and SQLSTATE, and close.
   *
   * @param detail for the log alone: it may tell an unknown user from a wrong password
   */
  record Refused(AuthRefusal reason, String text, String detail) implements AuthStep {}
}
