package dev.pooler.postgres.auth;

import java.nio.charset.StandardCharsets;

/** SCRAM's ClientKey and ServerKey: all a client needs to log in, without the password. */
public final class ScramKey {
  private final byte[] clientKey;
  private final byte[] serverKey;

  ScramKey(byte[] clientKey, byte[] serverKey) {
    this.clientKey = clientKey;
    this.serverKey = serverKey;
  }

  /** From SCRAM's SaltedPassword. */
  static ScramKey of(byte[] salted) {
    return new ScramKey(
        Hashes.hmacSha256(salted, ascii("Client Key")),
        Hashes.hmacSha256(salted, ascii("Server Key")));
  }

  byte[] clientKey() {
    return clientKey;
  }

  byte[] serverKey() {
    return serverKey;
  }

  byte[] storedKey() {
    return Hashes.sha256(clientKey);
  }

  @Override
  public String toString() {
    return "ScramKey[hidden]";
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
