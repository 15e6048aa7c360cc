package dev.pooler.postgres.auth;

import com.ongres.scram.common.util.TlsServerEndpoint;
import java.security.cert.Certificate;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import org.jspecify.annotations.Nullable;

/** tls-server-end-point (RFC 5929): the hash of the TLS server's certificate. */
public final class EndPointBinding {
  static final String TYPE = TlsServerEndpoint.TLS_SERVER_END_POINT;

  private EndPointBinding() {}

  /** The data to bind to, or null where the certificate's signature names no hash (Ed25519). */
  public static byte @Nullable [] of(@Nullable Certificate server) {
    if (!(server instanceof X509Certificate certificate)) {
      return null;
    }
    try {
      byte[] data = TlsServerEndpoint.getChannelBindingData(certificate);
      return data.length == 0 ? null : data;
    } catch (CertificateEncodingException e) {
      return null;
    }
  }
}
