package dev.pooler.testkit.server;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Objects;

/**
 * An authority of our own and a certificate of it for localhost and 127.0.0.1, made once by the
 * JDK's keytool (the JDK has no public interface that signs certificates) and kept for ten years.
 * For tests only: the key is in the cache.
 */
public record ServerCertificates(Path directory) {
  private static final String PASSWORD = "changeit";

  /**
   * The files as {@code caFile}, {@code certificateFile} and {@code keyFile} name them, made now if
   * missing.
   */
  public static ServerCertificates cached() throws IOException {
    return cached(ServerUser.current());
  }

  static ServerCertificates cached(ServerUser user) throws IOException {
    return new ServerCertificates(
        ArtifactCache.of(user).entry("certificates-2", ServerCertificates::make));
  }

  /** PEM: the authority. */
  public Path caFile() {
    return directory.resolve("ca.crt");
  }

  /** PEM: the server's certificate. */
  public Path certificateFile() {
    return directory.resolve("server.crt");
  }

  /** PEM, PKCS#8, unencrypted, readable by its owner only. */
  public Path keyFile() {
    return directory.resolve("server.key");
  }

  /** PKCS#12, protected by "changeit": client certificates, see {@link #clientKeys}. */
  public Path clientsFile() {
    return directory.resolve("clients.p12");
  }

  /**
   * A client's certificate and key, without a password: {@code app} is signed by the authority,
   * {@code stranger} by itself.
   */
  public KeyStore clientKeys(String name) throws IOException, GeneralSecurityException {
    KeyStore all = KeyStore.getInstance(clientsFile().toFile(), PASSWORD.toCharArray());
    KeyStore one = KeyStore.getInstance("PKCS12");
    one.load(null, null);
    one.setKeyEntry(
        name,
        Objects.requireNonNull(all.getKey(name, PASSWORD.toCharArray())),
        new char[0],
        all.getCertificateChain(name));
    return one;
  }

  /** Copies all three to a server's directory under the same names. */
  void copyTo(Path target, ServerUser owner) throws IOException {
    for (Path file : List.of(caFile(), certificateFile(), keyFile())) {
      Path copy = target.resolve(file.getFileName());
      Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
      owner.own(copy);
    }
  }

  private static void make(Path target) throws IOException {
    Path store = target.resolve("store.p12");
    keytool(
        store,
        "ca",
        "CN=pooler test authority",
        "-ext",
        "bc:c=ca:true",
        "-ext",
        "ku:c=keyCertSign,cRLSign");
    keytool(
        store, "server", "CN=localhost", "-signer", "ca", "-ext", "san=dns:localhost,ip:127.0.0.1");
    keytool(store, "app", "CN=app", "-signer", "ca");
    keytool(store, "stranger", "CN=app");
    try {
      var keys = KeyStore.getInstance(store.toFile(), PASSWORD.toCharArray());
      write(target.resolve("ca.crt"), "CERTIFICATE", certificate(keys, "ca").getEncoded());
      write(target.resolve("server.crt"), "CERTIFICATE", certificate(keys, "server").getEncoded());
      Key key = Objects.requireNonNull(keys.getKey("server", PASSWORD.toCharArray()));
      Path file = target.resolve("server.key");
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      write(file, "PRIVATE KEY", Objects.requireNonNull(key.getEncoded()));
    } catch (GeneralSecurityException e) {
      throw new IOException("keytool's store can't be read", e);
    }
    Files.move(store, target.resolve("clients.p12"));
  }

  private static Certificate certificate(KeyStore keys, String alias)
      throws GeneralSecurityException {
    return Objects.requireNonNull(keys.getCertificate(alias));
  }

  private static void keytool(Path store, String alias, String name, String... extra)
      throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                alias,
                "-dname",
                name,
                "-keyalg",
                "RSA",
                "-keysize",
                "2048",
                "-validity",
                "3650",
                "-storetype",
                "PKCS12",
                "-keystore",
                store.toString(),
                "-storepass",
                PASSWORD));
    command.addAll(List.of(extra));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.onExit().join().exitValue() != 0) {
      throw new IOException("keytool failed: " + said);
    }
  }

  private static void write(Path file, String type, byte[] content) throws IOException {
    String lines = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content);
    Files.writeString(
        file, "-----BEGIN " + type + "-----\n" + lines + "\n-----END " + type + "-----\n");
  }
}
