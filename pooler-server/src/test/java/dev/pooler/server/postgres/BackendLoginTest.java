package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.server.EmbeddedPostgres;
import dev.pooler.testkit.server.ServerCertificates;
import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How pooler logs in at servers: each method, TLS mode and secret, right and wrong. */
@Timeout(90)
class BackendLoginTest {
  private static final String HEALTHY =
      "  healthy: {hosts: [\"unix:${PG}\"], database: postgres, user: postgres,"
          + " pool: {min-idle: 0}}\n";
  private static EmbeddedPostgres server;
  private static EmbeddedPostgres withoutTls;

  @BeforeAll
  static void start() throws Exception {
    server =
        EmbeddedPostgres.builder()
            .tls(true)
            .hba(
                List.of(
                    "local all postgres trust",
                    "host all postgres 127.0.0.1/32 trust",
                    "hostssl all onlytls 127.0.0.1/32 trust",
                    "host all trusted 127.0.0.1/32 trust",
                    "host all clear 127.0.0.1/32 password",
                    "host all old 127.0.0.1/32 md5",
                    "host all scram 127.0.0.1/32 scram-sha-256"))
            .start();
    withoutTls = EmbeddedPostgres.started();
    try (Connection direct = DriverManager.getConnection(server.jdbcUrl("postgres"));
        var statement = direct.createStatement()) {
      statement.execute("create role trusted login; create role onlytls login");
      statement.execute("create role clear login password 'right'");
      statement.execute("create role scram login password 'right'");
      statement.execute("set password_encryption = md5");
      statement.execute("create role old login password 'right'");
    }
  }

  @AfterAll
  static void stop() throws IOException {
    server.close();
    withoutTls.close();
  }

  /** A database {@code d} with these keys beside a healthy one. */
  private static PoolerFixture with(String keys) throws IOException {
    return PoolerFixture.start(
        server,
        "databases:\n"
            + HEALTHY
            + "  d: {database: postgres, pool: {min-idle: 0, max-wait: 1s}, "
            + keys
            + "}\n");
  }

  private static String tcp(String user) {
    return "hosts: [\"127.0.0.1:${PG_PORT}\"], user: " + user;
  }

  private static void assertServes(PoolerFixture pooler, String user) throws IOException {
    try (RawPgClient client = RawPgClient.session(pooler.unix(), "any", "d")) {
      assertEquals(user, client.value("select current_user"));
    }
  }

  private static void assertTold(PoolerFixture pooler, String sqlState, String part)
      throws Exception {
    try (RawPgClient other = RawPgClient.session(pooler.unix(), "any", "healthy")) {
      for (int i = 0; i < 3; i++) {
        try (RawPgClient client = pooler.raw()) {
          client.send(PgBytes.startup(PgBytes.VERSION_3_0, Map.of("user", "any", "database", "d")));
          List<PgMessage> said = client.readToEnd();
          assertEquals("E", RawPgClient.types(said), said::toString);
          assertEquals("FATAL", said.getFirst().field('S'));
          assertEquals(sqlState, said.getFirst().sqlState(), said::toString);
          assertTrue(said.getFirst().field('M').contains(part), said::toString);
        }
        assertEquals("1", other.value("select 1"));
      }
      PoolerFixture.await("they are counted out", () -> pooler.clients() == 1);
    }
  }

  @Test
  void trustNeedsNoPassword() throws Exception {
    try (PoolerFixture pooler = with(tcp("trusted"))) {
      assertServes(pooler, "trusted");
    }
  }

  @Test
  void theRightPasswordIsTakenByEachMethod() throws Exception {
    for (String user : List.of("clear", "old", "scram")) {
      for (String mode : List.of("disable", "require")) {
        try (PoolerFixture pooler =
            with(tcp(user) + ", password: right, tls: {mode: " + mode + "}")) {
          assertServes(pooler, user);
        }
      }
    }
  }

  @Test
  @Tag("case-19")
  @Tag("case-49")
  @Tag("case-50")
  void aWrongOrMissingPasswordIsToldToTheClientAndToNobodyElse() throws Exception {
    for (String user : List.of("clear", "old", "scram")) {
      try (PoolerFixture pooler = with(tcp(user) + ", password: wrong")) {
        assertTold(pooler, "28P01", "password authentication failed for user \"" + user + "\"");
      }
      try (PoolerFixture pooler = with(tcp(user))) {
        assertTold(pooler, "28000", "password");
      }
    }
  }

  @Test
  @Tag("case-50")
  void aUserThatTheServerDoesNotLetInIsTheServersWord() throws Exception {
    try (PoolerFixture pooler = with(tcp("stranger"))) {
      assertTold(pooler, "28000", "no pg_hba.conf entry");
    }
    try (PoolerFixture pooler = with(tcp("onlytls") + ", tls: {mode: disable}")) {
      assertTold(pooler, "28000", "no pg_hba.conf entry");
    }
    try (PoolerFixture pooler = with(tcp("onlytls") + ", tls: {mode: require}")) {
      assertServes(pooler, "onlytls");
    }
  }

  @Test
  @Tag("case-27")
  void aSecretComesFromAFileOrACommandAndMayRotate() throws Exception {
    Path file = Files.createTempFile("secret", "");
    try {
      Files.writeString(file, "wrong\n");
      try (PoolerFixture pooler = with(tcp("scram") + ", password: {file: " + file + "}")) {
        assertTold(pooler, "28P01", "scram");
        Files.writeString(file, "right\n");
        PoolerFixture.await(
            "the new password is used",
            () -> {
              try {
                assertServes(pooler, "scram");
                return true;
              } catch (IOException e) {
                return false;
              }
            });
      }
      try (PoolerFixture pooler =
          with(tcp("scram") + ", password: {command: [cat, " + file + "], refresh: 1s}")) {
        assertServes(pooler, "scram");
      }
      try (PoolerFixture pooler = with(tcp("scram") + ", password: {command: [\"false\"]}")) {
        assertTold(pooler, "08001", "false");
      }
      try (PoolerFixture pooler = with(tcp("scram") + ", password: {env: NO_SUCH_VARIABLE_}")) {
        assertTold(pooler, "08001", "NO_SUCH_VARIABLE_");
      }
    } finally {
      Files.delete(file);
    }
  }

  /** Needs a secret that can't be used to be told: it would leave the pool without an answer. */
  @Test
  @Tag("case-27")
  void aSecretWithAZeroByteIsToldAndAChangedOneIsTaken() throws Exception {
    Path file = Files.createTempFile("secret", "");
    try {
      for (String secret : List.of("{file: %s}", "{command: [cat, %s], refresh: 1s}")) {
        Files.writeString(file, "ri\0ght\n");
        try (PoolerFixture pooler = with(tcp("scram") + ", password: " + secret.formatted(file))) {
          assertTold(pooler, "08001", "NUL character");
          Files.writeString(file, "right\n");
          assertServes(pooler, "scram");
        }
      }
    } finally {
      Files.delete(file);
    }
  }

  /** Needs a child to get none of our descriptors: a socket lives on where it was inherited. */
  @Test
  @Tag("case-97")
  void aCommandForASecretInheritsNoSocket() throws Exception {
    Path seen = Files.createTempFile("descriptors", "");
    try {
      String command = "ls -l /proc/self/fd > " + seen + "; echo right";
      String keys = ", password: {command: [sh, -c, \"" + command + "\"]}";
      try (PoolerFixture pooler = with(tcp("scram") + keys)) {
        assertServes(pooler, "scram");
      }
      String descriptors = Files.readString(seen);
      assertTrue(descriptors.contains(" -> " + seen), descriptors);
      assertFalse(descriptors.contains("socket:"), descriptors);
    } finally {
      Files.delete(seen);
    }
  }

  private static boolean encrypted(PoolerFixture pooler) throws IOException {
    try (RawPgClient client = RawPgClient.session(pooler.unix(), "any", "d")) {
      return "t".equals(client.value("select ssl from pg_stat_ssl where pid = pg_backend_pid()"));
    }
  }

  @Test
  void eachTlsModeDoesWhatItsNameSays() throws Exception {
    String ca = ", ca: " + ServerCertificates.cached().caFile();
    try (PoolerFixture pooler = with(tcp("postgres") + ", tls: {mode: disable}")) {
      assertFalse(encrypted(pooler));
    }
    for (String tls : List.of("prefer", "require", "verify-ca" + ca, "verify-full" + ca)) {
      try (PoolerFixture pooler = with(tcp("postgres") + ", tls: {mode: " + tls + "}")) {
        assertTrue(encrypted(pooler), tls);
      }
    }
  }

  @Test
  void aCertificateOfAnotherAuthorityOrHostIsRefused() throws Exception {
    String otherHost =
        "hosts: [\"127.0.0.2:${PG_PORT}\"], user: postgres"; // the server listens on 127.0.0.1
    String ca = ", ca: " + ServerCertificates.cached().caFile();
    for (String mode : List.of("verify-ca", "verify-full")) {
      // Without ca the JDK's authorities count: none of them signed ours.
      try (PoolerFixture pooler = with(tcp("postgres") + ", tls: {mode: " + mode + "}")) {
        assertTold(pooler, "08001", "");
      }
    }
    try (Forwarder forwarder = Forwarder.to("127.0.0.2", server.port())) {
      String hosts = otherHost.replace("${PG_PORT}", "" + forwarder.port());
      try (PoolerFixture pooler = with(hosts + ", tls: {mode: verify-ca" + ca + "}")) {
        assertTrue(encrypted(pooler));
      }
      try (PoolerFixture pooler = with(hosts + ", tls: {mode: verify-full" + ca + "}")) {
        assertTold(pooler, "08001", "");
      }
    }
  }

  @Test
  void aServerWithoutTlsIsUsedByPreferAloneAndRequireSaysWhy() throws Exception {
    String hosts = "hosts: [\"127.0.0.1:" + withoutTls.port() + "\"], user: postgres";
    try (PoolerFixture pooler = with(hosts + ", tls: {mode: prefer}")) {
      assertFalse(encrypted(pooler));
    }
    for (String mode : List.of("require", "verify-ca", "verify-full")) {
      try (PoolerFixture pooler = with(hosts + ", tls: {mode: " + mode + "}")) {
        assertTold(pooler, "08001", "TLS");
      }
    }
  }

  /** Needs {@code TlsNegotiation.handlerAdded} to begin with TLS and to name the protocol. */
  @Test
  @Tag("case-02")
  void directTlsIsBegunWithoutARequest() throws Exception {
    String ca = ", ca: " + ServerCertificates.cached().caFile();
    for (String mode : List.of("require", "verify-full" + ca)) {
      String tls = ", tls: {negotiation: direct, mode: " + mode + "}";
      try (PoolerFixture pooler = with(tcp("postgres") + tls)) {
        assertTrue(encrypted(pooler));
      }
    }
    String none = "hosts: [\"127.0.0.1:" + withoutTls.port() + "\"], user: postgres";
    try (PoolerFixture pooler = with(none + ", tls: {negotiation: direct, mode: require}")) {
      assertTold(pooler, "08001", "");
    }
  }

  /** Needs {@code BackendAuthentication.encrypted} and the PLUS mechanism of the server. */
  @Test
  @Tag("case-25")
  void channelBindingIsUsedOrInsistedOn() throws Exception {
    for (String binding : List.of("disable", "prefer", "require")) {
      for (String negotiation : List.of("postgres", "direct")) {
        String tls =
            ", tls: {mode: require, negotiation: %s, channel-binding: %s}"
                .formatted(negotiation, binding);
        try (PoolerFixture pooler = with(tcp("scram") + ", password: right" + tls)) {
          assertServes(pooler, "scram");
        }
      }
    }
    for (String user : List.of("trusted", "clear", "old")) {
      String tls = ", password: right, tls: {mode: require, channel-binding: require}";
      try (PoolerFixture pooler = with(tcp(user) + tls)) {
        assertTold(pooler, "28000", "does not allow");
      }
    }
  }

  /** Needs messages of a login to have no bound of a few KB: tokens of cloud services are long. */
  @Test
  @Tag("case-23")
  void aPasswordOfTensOfKilobytesIsSentWhole() throws Exception {
    for (int length : new int[] {1_100, 9_000, 60_000}) {
      String token = "t".repeat(length);
      try (Connection direct = DriverManager.getConnection(server.jdbcUrl("postgres"));
          var statement = direct.createStatement()) {
        statement.execute("alter role clear password '" + token + "'");
      }
      Path file = Files.createTempFile("token", "");
      try {
        Files.writeString(file, token);
        try (PoolerFixture pooler = with(tcp("clear") + ", password: {file: " + file + "}")) {
          assertServes(pooler, "clear");
        }
      } finally {
        Files.delete(file);
        try (Connection direct = DriverManager.getConnection(server.jdbcUrl("postgres"));
            var statement = direct.createStatement()) {
          statement.execute("alter role clear password 'right'");
        }
      }
    }
  }

  /** Needs SO_KEEPALIVE: the kernel's timer of such a connection is shown as 2. */
  @Test
  void aServerThatIsGoneWithoutAWordIsFoundOut() throws Exception {
    String there = ":%04X".formatted(server.port());
    for (String mode : List.of("disable", "require")) {
      try (PoolerFixture pooler = with(tcp("trusted") + ", tls: {mode: " + mode + "}");
          RawPgClient client = RawPgClient.session(pooler.unix(), "any", "d")) {
        assertEquals("trusted", client.value("select current_user"));
        PoolerFixture.awaitNone(
            "other than keepalive", // 01: what was sent last is not acknowledged yet
            () -> {
              List<String> timers = timers(there);
              return timers.equals(List.of("02")) ? "" : timers.toString();
            });
      }
    }
  }

  /** The timers of the connections to that address. */
  private static List<String> timers(String there) throws IOException {
    List<String> timers = new ArrayList<>();
    for (String table : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
      for (String line : Files.readAllLines(Path.of(table))) {
        String[] fields = line.strip().split("\\s+");
        if (fields[2].endsWith(there) && fields[3].equals("01")) {
          timers.add(fields[5].substring(0, 2));
        }
      }
    }
    return timers;
  }

  @Test
  @Tag("case-99")
  void theNextHostIsUsedWhereTheFirstIsDown() throws Exception {
    int nobody = PoolerFixture.freePort();
    String hosts =
        "hosts: [\"127.0.0.1:%d\", \"unix:/nowhere/.s.PGSQL.1\", \"127.0.0.1:${PG_PORT}\"]"
            .formatted(nobody);
    try (PoolerFixture pooler = with(hosts + ", user: postgres")) {
      assertServes(pooler, "postgres");
      assertEquals(200, pooler.get("/ready").statusCode());
    }
  }
}
