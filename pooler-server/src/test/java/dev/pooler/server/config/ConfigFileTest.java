package dev.pooler.server.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.core.config.AdminConfig;
import dev.pooler.core.config.Auth;
import dev.pooler.core.config.DatabaseConfig;
import dev.pooler.core.config.FileMode;
import dev.pooler.core.config.HttpConfig;
import dev.pooler.core.config.ListenerConfig;
import dev.pooler.core.config.PinPolicy;
import dev.pooler.core.config.PinsConfig;
import dev.pooler.core.config.PoolConfig;
import dev.pooler.core.config.PoolMode;
import dev.pooler.core.config.PoolerConfig;
import dev.pooler.core.config.Protocol;
import dev.pooler.core.config.QuotaConfig;
import dev.pooler.core.config.ReserveConfig;
import dev.pooler.core.config.Secret;
import dev.pooler.core.config.ServerTls;
import dev.pooler.core.config.TcpAddress;
import dev.pooler.core.config.TlsMode;
import dev.pooler.core.config.UnixAddress;
import dev.pooler.core.pool.PinReason;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ConfigFileTest {
  private static final Path DIRECTORY = Path.of("/etc/pooler");
  private static final String SMALL =
      "listen: [{address: \"unix:/s\"}]\ndatabases: {app: {hosts: [\"h\"]}}\n";

  @Test
  void theExampleOfTheReferenceAsksOnlyForMysqlInVain() throws IOException {
    ConfigFile.Result result = read(resource("example.yaml"));

    assertEquals(
        List.of("p.yaml:3:16: listen[1].protocol: \"mysql\" is not available in this version"),
        assertInstanceOf(ConfigFile.Invalid.class, result).problems().stream()
            .map(ConfigProblem::toString)
            .toList());
  }

  @Test
  void theExampleWithoutItsMysqlListenerIsRead() throws IOException {
    ConfigFile.Ok ok = ok(withoutMysql());
    PoolerConfig config = ok.config();

    assertEquals(
        new ListenerConfig(
            Protocol.POSTGRES,
            new UnixAddress(Path.of("/run/pooler/.s.PGSQL.5432")),
            new FileMode(0660),
            Auth.PEER,
            Map.of(1000, "app"),
            null),
        config.listen().getFirst());
    assertEquals(
        new ServerTls(Path.of("/tls/tls.crt"), Path.of("/tls/tls.key"), null),
        config.listen().getLast().tls());
    assertEquals(new HttpConfig(new TcpAddress("127.0.0.1", 9187), null), config.http());
    DatabaseConfig app = app(config);
    assertEquals(List.of(new TcpAddress("pg-0", 5432), new TcpAddress("pg-1", 5432)), app.hosts());
    assertEquals(new Secret.FromFile(Path.of("/run/secrets/app")), app.password());
    assertEquals(TlsMode.VERIFY_FULL, app.tls().mode());
    assertEquals(PoolMode.TRANSACTION, app.pool().mode());
    assertEquals(Duration.ofMinutes(30), app.pool().maxLifetime());
    assertEquals(Duration.ZERO, app.timeouts().statement());
    assertEquals(64L << 20, config.limits().memoryBytes());
    assertEquals(16L << 20, config.limits().sessionMemoryBytes());
    assertEquals(5000, config.limits().clients());
    assertEquals(new AdminConfig(List.of("postgres"), List.of(), true), config.admin());
  }

  @Test
  void whatHasNoEffectYetIsSaid() throws IOException {
    assertEquals(
        List.of(
            "p.yaml:15:12: databases.app.retry: \"statements\" has no effect in this version",
            "p.yaml:20:27: users[0].verifier: is not complete, no password will match:"
                + " SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey"),
        lines(ok(withoutMysql()).warnings()));
  }

  @Test
  void theFileOfTheComparisonIsReadWithAndWithoutLanes() throws IOException {
    String yaml = resource("compare-pg.yaml");
    PoolerConfig config = ok(yaml).config();
    PoolerConfig lanesOff = ok(yaml.replace("size: 16", "size: 16, lanes: off")).config();

    assertEquals(
        new UnixAddress(Path.of("/peers/.s.PGSQL.7100")), config.listen().getFirst().address());
    assertEquals(Auth.TRUST, config.listen().getFirst().auth());
    assertEquals(config, lanesOff);
    assertEquals(
        List.of(
            "p.yaml:2:91: listen[0].auth: trust with mode 0777: every local process gets into postgres as postgres"),
        lines(ok(yaml).warnings()));
  }

  @Test
  void limitsOfDatabasesAndUsersAreReadAndTheDefaultOfUsersIsTheOneOfLimits() {
    PoolerConfig config =
        ok("""
        listen: [{address: "unix:/s"}]
        databases: {app: {hosts: ["h"], limits: {clients: 7, backends: 3}}, "*": {hosts: ["h"]}}
        limits: {user-clients: 20, user-backends: 5}
        users:
          - {name: a, limits: {clients: 0}}
          - {name: b, password: {env: B}, limits: {backends: 1}}
        """)
            .config();

    assertEquals(new QuotaConfig(7, 3), config.databaseQuota("app"));
    assertEquals(QuotaConfig.NONE, config.databaseQuota("other"));
    assertEquals(new QuotaConfig(0, 5), config.userQuota("a"));
    assertEquals(new QuotaConfig(20, 1), config.userQuota("b"));
    assertEquals(new QuotaConfig(20, 5), config.userQuota("c"));
  }

  @Test
  void aReserveANoticeAndWhatMayPinAreRead() {
    PoolerConfig config =
        ok("""
        listen: [{address: "unix:/s"}]
        databases:
          app:
            hosts: ["h"]
            trust-functions: true
            pool: {reserve-size: 2, reserve-after: 1s, queue-notice: 5s, pin-notice: true,
                   pins: {listen: refuse, advisory-lock: allow, unknown: pin}}
        """)
            .config();

    PoolConfig pool = app(config).pool();
    assertTrue(app(config).trustFunctions());
    assertEquals(new ReserveConfig(2, Duration.ofSeconds(1)), pool.reserve());
    assertEquals(Duration.ofSeconds(5), pool.notice());
    assertEquals(
        new PinsConfig(Map.of("listen", PinPolicy.REFUSE, "advisory_lock", PinPolicy.ALLOW), true),
        pool.pins());
  }

  /** The keys are written by hand; one that no reason has would never act. */
  @Test
  void eachReasonThatMayHaveAPolicyHasAKeyAndNoOther() {
    assertEquals(
        Arrays.stream(PinReason.values())
            .filter(PinReason::hasPolicy)
            .map(reason -> reason.label().replace('_', '-'))
            .toList(),
        pinKeys());
  }

  private static List<String> pinKeys() {
    String reference = ReferenceFile.render();
    String pins = reference.substring(reference.indexOf("      pins:\n"));
    return pins.lines()
        .skip(1)
        .takeWhile(line -> line.startsWith("        "))
        .map(String::strip)
        .filter(line -> !line.startsWith("#"))
        .map(line -> line.substring(0, line.indexOf(':')))
        .toList();
  }

  @Test
  void inSessionModeWhatMayPinIsNotLookedAtAndThatIsSaid() {
    assertEquals(
        List.of(
            "p.yaml:2:61: databases.app.pool.pins: is not looked at with mode session: no session is"
                + " pinned there"),
        lines(
            ok("""
            listen: [{address: "unix:/s"}]
            databases: {app: {hosts: ["h"], pool: {mode: session, pins: {listen: refuse}}}}
            """)
                .warnings()));
  }

  @Test
  void defaultsAreThoseOfTheReference() {
    PoolerConfig small = ok(SMALL).config();
    DatabaseConfig app = app(small);

    assertEquals(List.of(new TcpAddress("h", 5432)), app.hosts());
    assertEquals(Auth.PEER, small.listen().getFirst().auth());
    assertNull(app.user());
    assertNull(app.database());
    assertEquals(16, app.pool().size());
    assertEquals(Duration.ofSeconds(10), app.pool().maxWait());
    assertEquals(Duration.ofSeconds(5), app.timeouts().connect());
    assertEquals(new TcpAddress("127.0.0.1", 9187), assertNotNullHttp(small).address());
    assertEquals(5000, small.limits().clients());
  }

  @Test
  void httpCanBeOff() {
    assertNull(ok(SMALL + "http: {address: off}\n").config().http());
  }

  @Test
  void theEnvironmentIsPutInPlaceAndCanAddNoKey() {
    PoolerConfig config =
        ok(SMALL
                .replace("\"h\"", "\"h\"], user: \"${NAME}-$${x}\", database: [")
                .replace(", database: []", ""))
            .config();

    assertEquals("a: {b}\nc-${x}", app(config).user());
  }

  @Test
  void relativePathsAreThoseOfTheFilesDirectory() {
    PoolerConfig config =
        ok(SMALL.replace("[\"h\"]", "[h], user: app, password: {file: secret}")).config();

    assertEquals(new Secret.FromFile(Path.of("/etc/pooler/secret")), app(config).password());
  }

  @Test
  void aLiteralPasswordWarnsAndIsMasked() {
    ConfigFile.Ok ok = ok(SMALL.replace("[\"h\"]", "[h], user: app, password: geheim"));

    assertEquals(
        List.of(
            "p.yaml:2:52: databases.app.password: stands in the file for all its readers;"
                + " {file: …} or {env: NAME} keep it out"),
        lines(ok.warnings()));
    assertEquals(new Secret.Literal("geheim"), app(ok.config()).password());
    assertTrue(ok.effective().get().contains("password: \"***\""), ok.effective().get());
    assertFalse((ok.effective().get() + ok.config()).contains("geheim"), ok.effective().get());
  }

  @Test
  void theEffectiveConfigurationReadsBackAsTheSame() throws IOException {
    ConfigFile.Ok ok =
        ok(
            withoutMysql()
                .replaceAll(
                    "(?m)^users:.*\n.*\n",
                    "users: [{name: app, password: {command: [vault], refresh: 10m}}]\n"));

    assertEquals(ok.config(), ok(ok.effective().get()).config());
  }

  @Test
  void starIsAnyDatabase() {
    PoolerConfig config = ok(SMALL.replace("{app:", "{\"*\":")).config();

    assertEquals("*", app(config).name());
  }

  private static HttpConfig assertNotNullHttp(PoolerConfig config) {
    HttpConfig http = config.http();
    assertNotNull(http);
    return http;
  }

  private static DatabaseConfig app(PoolerConfig config) {
    DatabaseConfig app = config.database("app");
    assertNotNull(app);
    return app;
  }

  private static List<String> lines(List<ConfigProblem> problems) {
    return problems.stream().map(ConfigProblem::toString).toList();
  }

  private static String withoutMysql() throws IOException {
    return resource("example.yaml").replaceAll("(?m)^ *- .protocol: mysql.*$", "");
  }

  private static ConfigFile.Ok ok(String yaml) {
    ConfigFile.Result result = read(yaml);
    return assertInstanceOf(ConfigFile.Ok.class, result, () -> result + "\n" + yaml);
  }

  private static ConfigFile.Result read(String yaml) {
    Map<String, String> environment = Map.of("PEERS_SOCK", "/peers", "NAME", "a: {b}\nc");
    return ConfigFile.read("p.yaml", yaml, DIRECTORY, environment::get);
  }

  private static String resource(String name) throws IOException {
    try (InputStream in = ConfigFileTest.class.getResourceAsStream(name)) {
      assertNotNull(in);
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
