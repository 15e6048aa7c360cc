package dev.pooler.core.protocol;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.interfaces.RSAKey;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A file of certificates or with a key, in PEM, that the configuration names. What can't be used is
 * an IllegalArgumentException whose text names the key, the file and what to do about it. Blocks on
 * the file.
 *
 * @param key the path in the configuration
 */
public record PemFile(String key, Path path) {
  /** All authorities that browsers know take a quarter of a megabyte. */
  private static final int LARGEST = 4 << 20;

  private static final String KEY = "PRIVATE KEY";

  private static final Pattern BLOCK =
      Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \\1-----", Pattern.DOTALL);

  private static final List<String> ALGORITHMS = List.of("RSA", "EC", "EdDSA", "RSASSA-PSS");

  /** At least one, in the file's order; other things in the file don't count. */
  public List<X509Certificate> certificates() {
    List<X509Certificate> found = new ArrayList<>();
    Matcher blocks = BLOCK.matcher(text());
    while (blocks.find()) {
      if (blocks.group(1).endsWith("CERTIFICATE")) {
        found.add(certificate(blocks.group(2)));
      }
    }
    if (found.isEmpty()) {
      throw bad("has no certificate in PEM (BEGIN CERTIFICATE); write one into it", null);
    }
    return List.copyOf(found);
  }

  private X509Certificate certificate(String base64) {
    try {
      return (X509Certificate)
          CertificateFactory.getInstance("X.509")
              .generateCertificate(new ByteArrayInputStream(bytes(base64)));
    } catch (CertificateException | IllegalArgumentException e) {
      throw bad("has a damaged certificate; write it anew", e);
    }
  }

  /** A certificate with those that lead to its authority, and its key. */
  public record Identity(List<X509Certificate> chain, PrivateKey key) {}

  /** The certificates of this file, and the key of another that is the first one's. */
  public Identity with(PemFile secret) {
    List<X509Certificate> chain = certificates();
    PrivateKey ours = secret.privateKey();
    if (!belong(ours, chain.getFirst().getPublicKey())) {
      throw secret.bad(
          "is not the key of the certificate in " + path + "; replace both together", null);
    }
    return new Identity(chain, ours);
  }

  private PrivateKey privateKey() {
    Matcher blocks = BLOCK.matcher(text());
    while (blocks.find()) {
      String label = blocks.group(1);
      if (label.equals(KEY)) {
        return decoded(blocks.group(2));
      }
      if (label.endsWith(KEY)) { // of OpenSSL's older forms, or encrypted
        throw bad(
            "has its key as \"" + label + "\"; convert it: openssl pkey -in " + path + " -out NEW",
            null);
      }
    }
    throw bad("has no key in PEM (BEGIN PRIVATE KEY); write it into it", null);
  }

  private PrivateKey decoded(String base64) {
    try {
      PKCS8EncodedKeySpec encoded = new PKCS8EncodedKeySpec(bytes(base64));
      for (String algorithm : ALGORITHMS) {
        try {
          return KeyFactory.getInstance(algorithm).generatePrivate(encoded);
        } catch (InvalidKeySpecException e) {
          // of another algorithm
        }
      }
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has it", e);
    } catch (IllegalArgumentException e) {
      throw bad("has a damaged key; write it anew", e);
    }
    throw bad("has a key that is damaged, or none of RSA, EC and EdDSA; write it anew", null);
  }

  private static boolean belong(PrivateKey mine, PublicKey theirs) {
    if (mine instanceof RSAKey one && theirs instanceof RSAKey other) {
      return one.getModulus().equals(other.getModulus());
    }
    try {
      Signature signature =
          Signature.getInstance(
              mine.getAlgorithm().equals("EC") ? "SHA256withECDSA" : mine.getAlgorithm());
      signature.initSign(mine);
      byte[] signed = signature.sign();
      signature.initVerify(theirs);
      return signature.verify(signed);
    } catch (GeneralSecurityException e) {
      return false; // of two algorithms
    }
  }

  private static byte[] bytes(String base64) {
    return Base64.getMimeDecoder().decode(base64);
  }

  private String text() {
    try {
      if (Files.size(path) > LARGEST) {
        throw bad("is larger than any file of certificates; correct the path", null);
      }
      return new String(Files.readAllBytes(path), StandardCharsets.ISO_8859_1); // notes: any bytes
    } catch (NoSuchFileException e) {
      throw bad("does not exist; put it there or correct the path", e);
    } catch (AccessDeniedException e) {
      throw bad("may not be read; give pooler's user the right to", e);
    } catch (IOException e) {
      throw bad("can't be read (" + e.getMessage() + "); correct the path", e);
    }
  }

  private IllegalArgumentException bad(String why, @Nullable Throwable cause) {
    return new IllegalArgumentException(key + ": " + path + " " + why, cause);
  }
}
