package dev.pooler.testkit.server;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Objects;
import org.tukaani.xz.XZInputStream;

/**
 * The unpacked artifact: initdb, pg_ctl and postgres only.
 *
 * @param key artifact and version
 */
record PostgresBinaries(Path directory, String key, ArtifactCache cache) {
  /** Included at the end of postgresql.conf, written at each start. */
  static final String SETTINGS_FILE = "pooler.conf";

  static PostgresBinaries unpacked(ServerUser user) throws IOException {
    String archive =
        switch (System.getProperty("os.arch")) {
          case "amd64", "x86_64" -> "postgres-linux-x86_64.txz";
          case "aarch64" -> "postgres-linux-arm_64.txz";
          default ->
              throw new IOException("no PostgreSQL artifact for " + System.getProperty("os.arch"));
        };
    var cache = ArtifactCache.of(user);
    String key = ArtifactCache.keyOf(ArtifactCache.jarOf(archive));
    return new PostgresBinaries(cache.entry(key, part -> unpack(archive, part)), key, cache);
  }

  private static void unpack(String archive, Path target) throws IOException {
    var resource = PostgresBinaries.class.getClassLoader().getResourceAsStream(archive);
    try (var in = new BufferedInputStream(new XZInputStream(Objects.requireNonNull(resource)))) {
      new TarArchive(in).extractTo(target);
    }
  }

  String program(String name) {
    return directory.resolve("bin").resolve(name).toString();
  }

  /**
   * A fresh cluster, made once: initdb takes a second, a copy a fraction of it. The locale is built
   * in, so every machine has it.
   */
  Path template(ServerUser user) throws IOException {
    return cache.template(key + "-cluster", part -> initialize(part, user));
  }

  private void initialize(Path data, ServerUser user) throws IOException {
    Path log = Files.createTempFile("initdb", ".log");
    List<String> command =
        List.of(
            program("initdb"),
            "--pgdata=" + data,
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
            "--no-sync",
            "--no-instructions");
    new ServerProcess.Launch(user, "KILL", data, log, command).run(Path.of("/dev/null"));
    Files.delete(log);
    Files.writeString(
        data.resolve("postgresql.conf"),
        "\ninclude_if_exists = '" + SETTINGS_FILE + "'\n",
        StandardOpenOption.APPEND);
  }
}
