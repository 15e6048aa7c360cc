package dev.pooler.postgres.auth;

import java.security.cert.X509Certificate;
import java.util.List;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import org.jspecify.annotations.Nullable;

/**
 * The certificate that a client has shown and TLS has checked: its common name is the user
 * (PostgreSQL's cert without a user name map). A name with several is nobody's.
 */
public final class ClientCertificate implements ClientAuthentication {
  private final String user;
  private final @Nullable X509Certificate shown;

  /**
   * One login.
   *
   * @param shown signed by who the listener trusts, or null where the client showed none
   */
  public ClientCertificate(String user, @Nullable X509Certificate shown) {
    this.user = user;
    this.shown = shown;
  }

  @Override
  public AuthStep begin() {
    X509Certificate certificate = shown;
    if (certificate == null) {
      return new AuthStep.Refused(
          AuthRefusal.CERTIFICATE,
          "connection requires a valid client certificate",
          "no client certificate");
    }
    String name = certificate.getSubjectX500Principal().getName();
    return commonNames(name).equals(List.of(user))
        ? new AuthStep.Granted(user, null, null)
        : new AuthStep.Refused(
            AuthRefusal.CERTIFICATE,
            "certificate authentication failed for user \"" + user + "\"",
            "the certificate is " + name + "'s");
  }

  private static List<String> commonNames(String distinguished) {
    try {
      return new LdapName(distinguished)
          .getRdns().stream()
              .filter(rdn -> rdn.getType().equalsIgnoreCase("CN"))
              .map(Rdn::getValue)
              .map(String::valueOf)
              .toList();
    } catch (InvalidNameException e) {
      return List.of();
    }
  }

  @Override
  public AuthStep onResponse(byte[] body) {
    throw new IllegalStateException("cert asks for nothing");
  }

  @Override
  public int maxResponse() {
    return 0;
  }
}
