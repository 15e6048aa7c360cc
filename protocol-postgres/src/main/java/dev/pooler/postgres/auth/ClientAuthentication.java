package dev.pooler.postgres.auth;

/**
 * One client's login, from the start-up packet to AuthenticationOk (manual, "Message Flow"). No
 * channel, no clock, nothing that blocks: it may run on an event loop. One object serves one login
 * and is confined to that client's thread. After {@link AuthStep.Granted} or {@link
 * AuthStep.Refused} it is over, and a further call is a mistake of ours.
 */
public sealed interface ClientAuthentication
    permits Trust, Peer, ScramSha256, Md5, ClientCertificate {

  /** The first step; called once. */
  AuthStep begin();

  /**
   * The answer to the last {@link AuthStep.Request}.
   *
   * @param body a PasswordMessage, SASLInitialResponse or SASLResponse without type and length
   * @throws IllegalStateException when nothing was requested
   */
  AuthStep onResponse(byte[] body);

  /**
   * The longest body that is worth reading now, in bytes; what declares more is refused by its
   * header, before anything is allocated.
   */
  int maxResponse();
}
