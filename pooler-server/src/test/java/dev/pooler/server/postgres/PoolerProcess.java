package dev.pooler.server.postgres;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.jspecify.annotations.Nullable;

/** A pooler in a process of its own, for what concerns all of a process. The caller closes it. */
final class PoolerProcess implements AutoCloseable {
  private static @Nullable String jars;

  private final Process process;
  private final ConcurrentLinkedQueue<String> log = new ConcurrentLinkedQueue<>();

  private PoolerProcess(Process process) {
    this.process = process;
  }

  /**
   * All in jars, as it is installed: a class in a directory can't be loaded where no file can be
   * opened.
   */
  private static synchronized String classPath() throws IOException {
    if (jars == null) {
      String ours =
          System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
      Path directory = Files.createTempDirectory("pooler-jars");
      directory.toFile().deleteOnExit();
      List<String> all = new ArrayList<>();
      for (String entry : ours.split(File.pathSeparator, -1)) {
        Path path = Path.of(entry);
        all.add(
            Files.isDirectory(path)
                ? jar(path, directory.resolve(all.size() + ".jar")).toString()
                : entry);
      }
      jars = String.join(File.pathSeparator, all);
    }
    return jars;
  }

  private static Path jar(Path classes, Path jar) throws IOException {
    jar.toFile().deleteOnExit();
    try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(jar));
        Stream<Path> files = Files.walk(classes)) {
      out.setLevel(Deflater.NO_COMPRESSION);
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        out.putNextEntry(new ZipEntry(classes.relativize(file).toString()));
        Files.copy(file, out);
      }
    }
    return jar;
  }

  /** Returns when it is ready. */
  static PoolerProcess start(Path config, String... jvmArguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-XX:TieredStopAtLevel=1");
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("--sun-misc-unsafe-memory-access=allow");
    command.addAll(List.of(jvmArguments));
    command.add("-cp");
    command.add(classPath());
    command.addAll(List.of("dev.pooler.server.Main", "run", "--config", config.toString()));
    PoolerProcess started = new PoolerProcess(new ProcessBuilder(command).start());
    BufferedReader errors = started.process.errorReader(StandardCharsets.UTF_8);
    Thread.startVirtualThread(() -> errors.lines().forEach(started.log::add));
    String ready = started.process.inputReader(StandardCharsets.UTF_8).readLine();
    if (ready == null || !ready.startsWith("pooler ready")) {
      started.close();
      throw new IOException(ready + " " + started.log);
    }
    return started;
  }

  /** Whether a line of its log has this text. */
  boolean hasLogged(String text) {
    return log.stream().anyMatch(line -> line.contains(text));
  }

  /** All lines of its log so far. */
  String log() {
    return String.join("\n", log);
  }

  /** Descriptors that it has open. */
  int openFiles() throws IOException {
    try (Stream<Path> all = Files.list(Path.of("/proc/" + process.pid() + "/fd"))) {
      return Math.toIntExact(all.count());
    }
  }

  /** It may not have more open from now on. */
  void limitFiles(int most) throws IOException, InterruptedException {
    Process done =
        new ProcessBuilder("prlimit", "--pid", "" + process.pid(), "--nofile=" + most + ":" + most)
            .inheritIO()
            .start();
    if (done.waitFor() != 0) {
      throw new IOException("prlimit");
    }
  }

  /** Processor time that it has used so far, in milliseconds. */
  long cpuMillis() {
    return process.info().totalCpuDuration().orElseThrow().toMillis();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
