package dev.pooler.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.server.config.ConfigFile;
import dev.pooler.server.config.ConfigProblem;
import dev.pooler.server.config.SecretSource;
import dev.pooler.testkit.server.ServerCertificates;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code pooler check} finds where a file says: each with its place. */
class ConfigTrialTest {
  @TempDir Path directory;

  private List<String> failures(String yaml) {
    ConfigFile.Ok ok =
        assertInstanceOf(
            ConfigFile.Ok.class, ConfigFile.read("p.yaml", yaml, directory, name -> null));
    return new ConfigTrial(SecretSource.ofProcess(), ok.problem())
        .failures(ok.config(), false).stream().map(ConfigProblem::toString).toList();
  }

  @Test
  void secretsOfAllKindsAreTried() {
    String yaml =
        """
        listen:
          - {address: "unix:DIR/s", auth: trust}
        databases:
          a.b:
            hosts: ["unix:/s"]
            auth-user: asks
            auth-password: {file: asks}
        users:
          - name: anna
            password: {file: anna}
        """
            .replace("DIR", directory.toString());

    assertEquals(
        List.of(
            "p.yaml:7:20: databases.a.b.auth-password: file "
                + directory.resolve("asks")
                + " does not exist",
            "p.yaml:10:15: users.anna.password: file "
                + directory.resolve("anna")
                + " does not exist"),
        failures(yaml));
  }

  @Test
  void aSocketsDirectoryMustBeThere() throws IOException {
    Path missing = directory.resolve("run");
    String yaml =
        """
        listen:
          - address: "unix:RUN/s"
        databases: {app: {hosts: ["unix:/s"]}}
        """
            .replace("RUN", missing.toString());

    assertEquals(
        List.of(
            "p.yaml:2:14: listen[0].address: the directory "
                + missing
                + " does not exist; mkdir -p "
                + missing),
        failures(yaml));
    Files.createDirectory(missing);
    assertEquals(List.of(), failures(yaml));
  }

  @Test
  void certificatesMustBeSomeAndFitTheirKeys() throws IOException {
    ServerCertificates ours = ServerCertificates.cached();
    Files.writeString(directory.resolve("empty.crt"), "");
    Files.copy(ours.keyFile(), directory.resolve("tls.key"));
    Files.copy(ours.certificateFile(), directory.resolve("tls.crt"));
    Files.copy(ours.caFile(), directory.resolve("ca.crt"));
    String yaml =
        """
        listen:
          - address: "tcp:127.0.0.1:6432"
            auth: cert
            tls: {cert: CERT, key: tls.key, ca: CA}
        databases:
          app:
            hosts: ["127.0.0.1:5432"]
            tls:
              mode: verify-ca
              ca: CA
              cert: CERT
              key: tls.key
        """;

    assertEquals(List.of(), failures(yaml.replace("CERT", "tls.crt").replace("CA", "ca.crt")));
    List<String> wrong = failures(yaml.replace("CERT", "ca.crt").replace("CA", "empty.crt"));
    assertEquals(4, wrong.size(), wrong::toString);
    assertStarts("p.yaml:4:30: listen[0].tls.key: " + directory.resolve("tls.key"), wrong.get(0));
    assertStarts("p.yaml:4:43: listen[0].tls.ca: " + directory.resolve("empty.crt"), wrong.get(1));
    assertStarts(
        "p.yaml:10:11: databases.app.tls.ca: " + directory.resolve("empty.crt"), wrong.get(2));
    assertStarts(
        "p.yaml:12:12: databases.app.tls.key: " + directory.resolve("tls.key"), wrong.get(3));
  }

  private static void assertStarts(String start, String line) {
    assertTrue(line.startsWith(start + " "), line);
  }

  @Test
  void aDefaultStandsWhereItsSectionDoes() {
    ConfigFile.Ok ok =
        assertInstanceOf(
            ConfigFile.Ok.class,
            ConfigFile.read(
                "p.yaml",
                "listen: [{address: \"unix:/s\"}]\ndatabases:\n  app: {hosts: [h]}\n",
                directory,
                name -> null));

    assertEquals("p.yaml:3:8", ok.problem().apply("databases.app.password", "x").where());
    assertEquals("p.yaml:3:16", ok.problem().apply("databases.app.hosts[1]", "x").where());
    assertEquals("p.yaml:1:1", ok.problem().apply("nothing", "x").where());
  }
}
