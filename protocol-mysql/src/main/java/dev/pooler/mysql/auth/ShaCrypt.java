package dev.pooler.mysql.auth;

import java.security.MessageDigest;

/**
 * SHA-crypt with SHA-256 (Drepper, "Unix crypt using SHA-256 and SHA-512"), as MySQL stores a
 * caching_sha2_password (my_crypt_genhash): a salt of 20 bytes instead of 16, no other difference.
 */
final class ShaCrypt {
  /** Of a digest as it is written. */
  static final int TEXT_BYTES = 43;

  private static final String ALPHABET =
      "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

  private static final int HASH = Hashes.SHA_256_BYTES;

  private ShaCrypt() {}

  /**
   * Blocks about 3 ms for 5,000 rounds: never on an event loop. The numbers are the specification's
   * steps.
   *
   * @return {@link #TEXT_BYTES} characters
   */
  static byte[] digest(byte[] password, byte[] salt, int rounds) {
    MessageDigest sha = Hashes.newDigest("SHA-256");
    byte[] first = first(sha, password, salt);
    // 13 to 16
    for (int i = 0; i < password.length; i++) {
      sha.update(password);
    }
    byte[] p = stretched(sha.digest(), password.length);
    // 17 to 20
    for (int i = 0; i < 16 + (first[0] & 0xff); i++) {
      sha.update(salt);
    }
    byte[] s = stretched(sha.digest(), salt.length);
    // 21
    byte[] last = first;
    for (int i = 0; i < rounds; i++) {
      boolean odd = (i & 1) != 0;
      sha.update(odd ? p : last);
      if (i % 3 != 0) {
        sha.update(s);
      }
      if (i % 7 != 0) {
        sha.update(p);
      }
      sha.update(odd ? last : p);
      last = sha.digest();
    }
    return text(last);
  }

  /** 1 to 12. */
  private static byte[] first(MessageDigest sha, byte[] password, byte[] salt) {
    sha.update(password);
    sha.update(salt);
    sha.update(password);
    byte[] alternate = sha.digest();
    sha.update(password);
    sha.update(salt);
    sha.update(stretched(alternate, password.length));
    for (int bits = password.length; bits > 0; bits >>= 1) {
      sha.update((bits & 1) != 0 ? alternate : password);
    }
    return sha.digest();
  }

  private static byte[] stretched(byte[] hash, int length) {
    byte[] result = new byte[length];
    for (int i = 0; i < length; i += HASH) {
      System.arraycopy(hash, 0, result, i, Math.min(HASH, length - i));
    }
    return result;
  }

  /** 22: groups of three bytes, whose places go round by 10 and turn with each group. */
  private static byte[] text(byte[] hash) {
    byte[] text = new byte[TEXT_BYTES];
    int at = 0;
    int high = 0;
    int middle = 10;
    int low = 20;
    for (int group = 0; group < 10; group++) {
      at = put(text, at, 4, hash[high], hash[middle], hash[low]);
      int next = high;
      high = low + 1;
      low = middle + 1;
      middle = next + 1;
    }
    put(text, at, 3, (byte) 0, hash[31], hash[30]);
    return text;
  }

  private static int put(byte[] text, int at, int count, byte high, byte middle, byte low) {
    int bits = ((high & 0xff) << 16) | ((middle & 0xff) << 8) | (low & 0xff);
    for (int i = 0; i < count; i++) {
      text[at + i] = (byte) ALPHABET.charAt((bits >> (6 * i)) & 0x3f);
    }
    return at + count;
  }
}
