package dev.pooler.mysql.auth;

import java.security.MessageDigest;
import org.jspecify.annotations.Nullable;

/**
 * Whether the password that a client has shown is its user's, to be found out where blocking is
 * allowed. It costs the same for a user that is unknown, for one whose password we know, and for
 * one that we have a verifier of: one decryption where there is something to decrypt, one
 * SHA-crypt, and the comparisons.
 */
public final class PasswordCheck {
  /** MySQL's MAX_PLAINTEXT_LENGTH. */
  private static final int MAX_PASSWORD = 256;

  /** Of a password that can't be: it is checked like any other, and in vain. */
  private static final byte[] IMPOSSIBLE = {1};

  /** What came out; for {@link ClientAuthentication#onChecked} alone. */
  public static final class Outcome {
    private final @Nullable Password right;

    private Outcome(@Nullable Password right) {
      this.right = right;
    }

    /** The password, if it is the right one. */
    @Nullable Password right() {
      return right;
    }
  }

  private final ClientLogin login;
  private final @Nullable Credentials known;
  private final UserStore users;
  private final @Nullable ServerKey key;
  private final Nonce nonce;
  private final byte[] body;

  /**
   * What a client sent as its password.
   *
   * @param known null where nobody has this name
   * @param key our own where the body may be encrypted with it, else null
   */
  PasswordCheck(
      ClientLogin login,
      @Nullable Credentials known,
      UserStore users,
      @Nullable ServerKey key,
      Nonce nonce,
      byte[] body) {
    this.login = login;
    this.known = known;
    this.users = users;
    this.key = key;
    this.nonce = nonce;
    this.body = body;
  }

  /** Blocks 3 to 10 ms: never on an event loop. Never throws for what a client has sent. */
  public Outcome run() {
    byte[] shown = shown();
    boolean possible = isPossible(shown);
    byte[] password = possible && shown != null ? shown : IMPOSSIBLE;
    boolean right = matches(password);
    return new Outcome(possible && right ? new Password(password) : null);
  }

  /** All of it is done for everybody, so that time tells nothing. */
  private boolean matches(byte[] password) {
    Credentials own = known;
    StoredHash stored = own == null ? null : own.stored();
    byte[] digest = own == null ? null : own.digest();
    byte[] hash = own == null ? null : own.nativeHash();
    StoredHash mock = users.mockStored(login.user());
    boolean asStored = (stored == null ? mock : stored).matches(password);
    boolean asDigest = MessageDigest.isEqual(CachingSha2.digest(password), digest);
    boolean asNative = MessageDigest.isEqual(NativePassword.stored(password), hash);
    return stored != null ? asStored : digest != null ? asDigest : hash != null && asNative;
  }

  /** Encrypted, or in the clear where the line is private and nothing else could be meant. */
  private byte @Nullable [] shown() {
    if (key != null && body.length == key.bytes()) {
      byte[] decrypted = key.decrypt(body, nonce);
      if (decrypted != null || !login.line().isPrivate()) {
        return decrypted;
      }
    }
    return login.line().isPrivate() ? RsaPassword.withoutNul(body) : null;
  }

  private static boolean isPossible(byte @Nullable [] password) {
    if (password == null || password.length == 0 || password.length > MAX_PASSWORD) {
      return false;
    }
    for (byte one : password) {
      if (one == 0) {
        return false;
      }
    }
    return true;
  }
}
