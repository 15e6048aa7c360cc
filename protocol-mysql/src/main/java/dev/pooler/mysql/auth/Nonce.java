package dev.pooler.mysql.auth;

import java.security.SecureRandom;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The 20 bytes that a login's proof is made for (Protocol::HandshakeV10, auth-plugin-data). Clients
 * read them up to a NUL, and MySQL's own hold no '$' and no byte above 127 (generate_user_salt): so
 * do ours.
 */
public final class Nonce {
  /** SCRAMBLE_LENGTH. */
  public static final int BYTES = 20;

  private final byte[] bytes;

  private Nonce(byte[] bytes) {
    this.bytes = bytes;
  }

  /** A new one for one greeting, one switch or one COM_CHANGE_USER. */
  public static Nonce next(SecureRandom random) {
    byte[] bytes = new byte[BYTES];
    int filled = 0;
    byte[] drawn = new byte[2 * BYTES];
    while (filled < BYTES) {
      random.nextBytes(drawn);
      for (int i = 0; i < drawn.length && filled < BYTES; i++) {
        int value = drawn[i] & 0x7f;
        if (value != 0 && value != '$') {
          bytes[filled++] = (byte) value;
        }
      }
    }
    return new Nonce(bytes);
  }

  /**
   * As a server sent it: 20 bytes, with or without the NUL that ends them.
   *
   * @return null where it has another length
   */
  static @Nullable Nonce read(byte[] data) {
    boolean terminated = data.length == BYTES + 1 && data[BYTES] == 0;
    return terminated || data.length == BYTES ? new Nonce(Arrays.copyOf(data, BYTES)) : null;
  }

  /** The 20 bytes; the caller's own. */
  public byte[] bytes() {
    return bytes.clone();
  }

  /** With the NUL that greetings and switches carry after it. */
  public byte[] terminated() {
    return Arrays.copyOf(bytes, BYTES + 1);
  }

  /** Each byte of the text XORed with the nonce, over and over: what RSA then hides, and back. */
  byte[] mask(byte[] text) {
    byte[] masked = new byte[text.length];
    for (int i = 0; i < text.length; i++) {
      masked[i] = (byte) (text[i] ^ bytes[i % BYTES]);
    }
    return masked;
  }
}
