package dev.pooler.mysql.auth;

import java.security.interfaces.RSAPublicKey;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who logs in at a backend, with what, over what, and what the server may ask for.
 *
 * @param allowed a server that asks for another method is not answered
 * @param serverKey the server's RSA key where it is known (its public_key.pem), or null
 * @param askForKey whether the server may be asked for that key over TCP without TLS. Somebody in
 *     between could send his own and read the password: right for the loopback interface, and where
 *     the operator says so (Connector/J's allowPublicKeyRetrieval)
 */
public record BackendLogin(
    String user,
    BackendSecret secret,
    Line line,
    Set<AuthMethod> allowed,
    @Nullable RSAPublicKey serverKey,
    boolean askForKey) {

  public BackendLogin {
    allowed = Set.copyOf(allowed);
  }

  /** Any method but the password in the clear, and no RSA key of unknown origin. */
  public static BackendLogin of(String user, BackendSecret secret, Line line) {
    return new BackendLogin(user, secret, line, usual(), null, false);
  }

  /** What clients of MySQL and MariaDB allow when nothing is set. */
  public static Set<AuthMethod> usual() {
    return EnumSet.complementOf(EnumSet.of(AuthMethod.MYSQL_CLEAR_PASSWORD));
  }
}
