package dev.pooler.core.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPairGenerator;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PemFileTest {
  // Of openssl req -x509 -newkey ec and ed25519: they open nothing.
  private static final String EC_KEY =
      """
      -----BEGIN PRIVATE KEY-----
      MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgyBFAqyHytxbcl49V
      q0HLnPgcFT5aN0hUGe6ZYdjt01KhRANCAARH53Rj6QUWpovFrZVoMjHVfnw4+lej
      zWEoqDZH1K9PB9MWG4PNxEy4dY+zYmz8p9e18WS8fVu9xzll/PkFisdi
      -----END PRIVATE KEY-----
      """;
  private static final String EC =
      """
      -----BEGIN CERTIFICATE-----
      MIIBbjCCARWgAwIBAgIUIzZ/YAmBUbGZFsGrfkfojLguz6EwCgYIKoZIzj0EAwIw
      DTELMAkGA1UEAwwCZWMwHhcNMjYxMTIzMTYyOTE2WhcNMzYxMTIwMTYyOTE2WjAN
      MQswCQYDVQQDDAJlYzBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABEfndGPpBRam
      i8WtlWgyMdV+fDj6V6PNYSioNkfUr08H0xYbg83ETLh1j7NibPyn17XxZLx9W73H
      OWX8+QWKx2KjUzBRMB0GA1UdDgQWBBQzd5ixCJJWaWHCZW/iDr+5iLINBzAfBgNV
      HSMEGDAWgBQzd5ixCJJWaWHCZW/iDr+5iLINBzAPBgNVHRMBAf8EBTADAQH/MAoG
      CCqGSM49BAMCA0cAMEQCH1DJS8HMJhAyxjUNjBHzyqdKilAbAXAWkAHgNw7PARIC
      IQDvsmHosVj2KNVMhFCYcuLQu//rquaKUWV1RS/aruHF8A==
      -----END CERTIFICATE-----
      """;
  private static final String ED_KEY =
      """
      -----BEGIN PRIVATE KEY-----
      MC4CAQAwBQYDK2VwBCIEIGL68B/nRZHkzaI3g6blXYJvMogA5mvDZMfnP+ReH0Fs
      -----END PRIVATE KEY-----
      """;
  private static final String ED =
      """
      -----BEGIN CERTIFICATE-----
      MIIBLjCB4aADAgECAhRiQhIWk6gcwT0IJrPgtVwoWHW8wDAFBgMrZXAwDTELMAkG
      A1UEAwwCZWQwHhcNMjYxMTIzMTYyOTE2WhcNMzYxMTIwMTYyOTE2WjANMQswCQYD
      VQQDDAJlZDAqMAUGAytlcAMhALqEXgKaJjGdpOkGZs2QYEKGeFbY18j9jyA3MaC6
      sGxVo1MwUTAdBgNVHQ4EFgQUxG4UK5Ou3Cy7laigHj8VyQVo1EowHwYDVR0jBBgw
      FoAUxG4UK5Ou3Cy7laigHj8VyQVo1EowDwYDVR0TAQH/BAUwAwEB/zAFBgMrZXAD
      QQAkEAhIv1YRwp4E4AhMVI7lRKymjuLZONZN48QYs4rIn5p88Q7Qb7zcmWGQRwKP
      DZfrwVOA5ZPkmozzrKFRGQAM
      -----END CERTIFICATE-----
      """;

  @TempDir Path directory;

  private PemFile file(String key, String text) throws IOException {
    return new PemFile(key, Files.writeString(directory.resolve(key), text));
  }

  private PemFile.Identity identity(String certificates, String secret) throws IOException {
    return file("tls.cert", certificates).with(file("tls.key", secret));
  }

  private void assertBad(String key, String why, Runnable reading) {
    IllegalArgumentException bad = assertThrows(IllegalArgumentException.class, reading::run);
    String expected = key + ": " + directory.resolve(key) + " " + why;
    assertTrue(String.valueOf(bad.getMessage()).startsWith(expected), bad::getMessage);
  }

  private void assertNoKey(String why, String secret) throws IOException {
    PemFile certificates = file("tls.cert", EC);
    PemFile bad = file("tls.key", secret);
    assertBad("tls.key", why, () -> certificates.with(bad));
  }

  @Test
  void allCertificatesOfAFileCountAndNothingElse() throws IOException {
    String text = "notes in \u00fcmlauts\n" + ED + EC_KEY + "more\n" + EC;
    assertEquals(2, file("tls.ca", text).certificates().size());
    PemFile.Identity ours = identity(text, "note\n" + ED_KEY + EC_KEY);
    assertEquals("EdDSA", ours.key().getAlgorithm());
    assertEquals(2, ours.chain().size());
  }

  @Test
  void aKeyMustBeTheCertificates() throws Exception {
    assertEquals("EC", identity(EC, EC_KEY).key().getAlgorithm());
    String why = "is not the key of the certificate in " + directory.resolve("tls.cert") + "; ";
    assertNoKey(why, ED_KEY);
    for (String algorithm : List.of("RSA", "EC", "Ed25519")) {
      assertNoKey(why, another(algorithm));
    }
  }

  private static String another(String algorithm) throws GeneralSecurityException {
    byte[] key =
        KeyPairGenerator.getInstance(algorithm).generateKeyPair().getPrivate().getEncoded();
    return pem("PRIVATE KEY", key);
  }

  private static String pem(String label, byte[] content) {
    return "-----BEGIN "
        + label
        + "-----\n"
        + Base64.getMimeEncoder().encodeToString(content)
        + "\n-----END "
        + label
        + "-----\n";
  }

  @Test
  void whatCannotBeUsedSaysWhichKeyAndFileAndWhatToDo() throws IOException {
    PemFile missing = new PemFile("tls.ca", directory.resolve("tls.ca"));
    assertBad("tls.ca", "does not exist; ", missing::certificates);
    Files.createDirectory(missing.path());
    assertBad("tls.ca", "can't be read (", missing::certificates);
    Files.delete(missing.path());
    for (String none : List.of("", "no PEM", EC_KEY, EC.replace("CERT", "CRET"))) {
      PemFile file = file("tls.ca", none);
      assertBad("tls.ca", "has no certificate in PEM", file::certificates);
    }
    String shorter = EC.replace("MIIBbj", "MIIBbk");
    for (String damaged : List.of(shorter, pem("CERTIFICATE", new byte[9]))) {
      PemFile file = file("tls.ca", damaged);
      assertBad("tls.ca", "has a damaged certificate; ", file::certificates);
    }
    PemFile large = file("tls.ca", "x".repeat(5 << 20));
    assertBad("tls.ca", "is larger than", large::certificates);
    for (String none : List.of("", EC)) {
      assertNoKey("has no key in PEM", none);
    }
    assertNoKey("has a key that is damaged", EC_KEY.replace("MIGH", "MIGI"));
    assertNoKey("has a damaged key; ", EC_KEY.replace("MIGH", "MIGH="));
    for (String label : List.of("RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY")) {
      String why = "has its key as \"" + label + "\"; convert it: openssl pkey -in ";
      assertNoKey(why, pem("EC PARAMETERS", new byte[9]) + pem(label, new byte[9]));
    }
  }
}
