package dev.pooler.demo;

import dev.pooler.server.CommandLineForm;
import dev.pooler.server.log.LogOutput;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * {@code pooler demo}: real servers, pooler in front of them and a little load, until Ctrl-C; or,
 * with {@code --check}, until the checks have run. Everything is closed on the main thread in the
 * order pooler, servers, files; the shutdown hook only asks for it and waits.
 */
@Command(
    name = "pooler demo",
    mixinStandardHelpOptions = true,
    description =
        "Starts PostgreSQL 18 and MariaDB 11.4 with pooler in front, and a little load, until Ctrl-C.")
public final class Demo implements Callable<Integer> {
  private static final long CLOSE_LIMIT_SECONDS = 60;

  @Spec private @Nullable CommandSpec spec;

  @Option(
      names = "--dir",
      paramLabel = "DIR",
      description = "for sockets and data, which stay (default: a temporary one)")
  private @Nullable Path dir;

  @Option(
      names = "--pool-size",
      paramLabel = "N",
      defaultValue = "8",
      description = "most backends (default: ${DEFAULT-VALUE})")
  private int poolSize;

  @Option(
      names = "--pool-mode",
      paramLabel = "MODE",
      defaultValue = "transaction",
      description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE})")
  private PoolMode poolMode = PoolMode.transaction;

  @Option(
      names = "--check",
      description = "run statements through every socket and exit, 0 if all was right")
  private boolean check;

  private final CountDownLatch stop = new CountDownLatch(1);
  private final CountDownLatch closed = new CountDownLatch(1);

  public static void main(String[] arguments) {
    // Warnings and errors only: the demo tells its user itself what happens.
    LogOutput.install(Objects.requireNonNullElse(System.getenv("POOLER_LOG"), "warn"));
    System.exit(commandLine().execute(arguments));
  }

  static CommandLine commandLine() {
    return new CommandLine(new Demo())
        .setParameterExceptionHandler(Demo::explained)
        .setExecutionExceptionHandler(Demo::told);
  }

  /** As pooler's own commands: one line, not the whole usage. */
  private static int explained(ParameterException e, String[] arguments) {
    e.getCommandLine().getErr().println(CommandLineForm.explain(e));
    return CommandLine.ExitCode.USAGE;
  }

  /**
   * What goes wrong with servers or files is told in one line; anything else is a defect and shows
   * where.
   */
  private static int told(Exception e, CommandLine line, CommandLine.ParseResult parsed)
      throws Exception {
    if (e instanceof IOException || e instanceof SQLException) {
      line.getErr().println("pooler demo: " + e.getMessage());
      return 1;
    }
    throw e;
  }

  @Override
  public Integer call() throws Exception {
    var command = Objects.requireNonNull(spec).commandLine();
    if (poolSize < 1 || poolSize > 1000) {
      throw new ParameterException(
          command, "--pool-size is " + poolSize + "; allowed is 1 to 1000");
    }
    var hook = new Thread(this::askToStop, "demo-exit");
    Runtime.getRuntime().addShutdownHook(hook);
    try (var directory = DemoDirectory.open(dir)) {
      return serve(
          new DemoPlan(directory.path(), poolSize, poolMode, freePort()), command.getOut());
    } finally {
      closed.countDown();
    }
  }

  private int serve(DemoPlan plan, PrintWriter out)
      throws IOException, SQLException, InterruptedException {
    out.println("starting PostgreSQL 18 and MariaDB 11.4 in " + plan.directory() + " …");
    out.flush();
    try (var servers = DemoServers.start(plan);
        var pooler =
            PoolerUnderDemo.start(plan.configFile(), plan.yaml(servers.postgresSocket()))) {
      String url = SocketUrls.postgres(plan.pooledSocket(), DemoPlan.DATABASE);
      out.println(new Welcome(plan, servers, pooler).text());
      out.flush();
      if (check) {
        return check(plan, servers, url, out) ? 0 : 1;
      }
      untilStopped(url, out);
      return 0;
    }
  }

  private void untilStopped(String url, PrintWriter out) throws SQLException, InterruptedException {
    try (var load = SampleLoad.start(url, poolMode)) {
      out.println("A little sample load is running. Ctrl-C ends everything.");
      out.flush();
      stop.await();
      out.println("\nstopping; the sample load did " + load.summary());
      out.flush();
    }
  }

  private boolean check(DemoPlan plan, DemoServers servers, String url, PrintWriter out)
      throws SQLException {
    var checks = new Checks(out);
    String direct = SocketUrls.postgres(servers.postgresSocket(), DemoPlan.DATABASE);
    new PostgresChecks("PostgreSQL through pooler", url, plan.poolMode()).run(checks);
    loadCheck(url, checks);
    new PoolerChecks(plan, servers.postgresSocket()).run(checks);
    new ConsoleChecks(plan).run(checks);
    new PostgresChecks("PostgreSQL directly", direct, PoolMode.session).run(checks);
    servers
        .mariaDb()
        .ifPresentOrElse(
            server ->
                new MariaDbChecks(
                        "MariaDB directly", SocketUrls.mysql(server.socket(), DemoPlan.DATABASE))
                    .run(checks),
            () -> checks.skip("MariaDB directly", "no artifact for this processor"));
    checks.skip("MySQL through pooler", "this version speaks PostgreSQL only");
    out.println(checks.summary());
    out.flush();
    return checks.allRight();
  }

  private void loadCheck(String url, Checks checks) throws SQLException {
    var load = SampleLoad.start(url, poolMode);
    load.close();
    checks.expect(
        "PostgreSQL through pooler: the sample load ran without an error", 0L, load::failures);
  }

  private void askToStop() {
    stop.countDown();
    try {
      if (!closed.await(CLOSE_LIMIT_SECONDS, TimeUnit.SECONDS)) {
        System.err.println(
            "pooler demo: not everything closed within " + CLOSE_LIMIT_SECONDS + " s");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static int freePort() throws IOException {
    try (var probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return probe.getLocalPort();
    }
  }
}
