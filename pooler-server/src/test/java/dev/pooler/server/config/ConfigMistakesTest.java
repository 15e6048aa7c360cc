package dev.pooler.server.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** One line a kind of mistake: the file, and exactly what is said about it. */
class ConfigMistakesTest {
  private static final Map<String, String> ENVIRONMENT = Map.of("SIZE", "12", "BAD", "x");

  /**
   * Lines 1 to 4 of most files below; what a case adds to the database starts in line 5, column 5.
   */
  private static final String HEAD =
      """
      listen: [{address: "unix:/s"}]
      databases:
        app:
          hosts: ["h:5432"]
      """;

  private static Arguments database(String addition, String problem) {
    return Arguments.of(HEAD + "    " + addition + "\n", "p.yaml:5:" + problem);
  }

  private static Arguments root(String addition, String problem) {
    return Arguments.of(HEAD + addition + "\n", "p.yaml:5:" + problem);
  }

  private static Arguments listener(String listener, String problem) {
    String yaml = "listen: [" + listener + "]\ndatabases: {app: {hosts: [\"h:5432\"]}}\n";
    return Arguments.of(yaml, "p.yaml:1:" + problem);
  }

  static Stream<Arguments> keys() {
    return Stream.of(
        database(
            "pool: {sise: 16}", "12: databases.app.pool.sise: unknown key; did you mean \"size\"?"),
        database(
            "pool: {minIdle: 1}",
            "12: databases.app.pool.minIdle: unknown key; did you mean \"min-idle\"?"),
        root(
            "limits: {fish: 1}",
            "10: limits.fish: unknown key; known here: clients, user-clients, user-backends, memory, session-memory, drain"),
        root("http: {\"\": 1}", "8: http: has a key that is not a name"),
        root("limits: {clients: 1, clients: 2}", "22: limits.clients: is there twice"),
        database(
            "pool: 16",
            "11: databases.app.pool: is not a mapping of keys: mode, size, min-idle, lanes, max-wait, max-lifetime, idle-timeout, keepalive, leak-after, reserve-size, reserve-after, queue-notice, pins, pin-notice, prepared-statements, cache-unnamed-statements, replication-size"),
        database("user: [app]", "11: databases.app.user: is not a single value: text"),
        database("user:", "10: databases.app.user: has no value"),
        database("user: \"\"", "11: databases.app.user: is empty"),
        database(
            "user: \"a\\0b\"",
            "11: databases.app.user: has a character that no protocol can carry (NUL)"),
        root("users: {name: app}", "8: users: is not a list: mappings"),
        Arguments.of(
            "databases: {app: {hosts: [h]}}\n",
            "p.yaml:1:1: listen: is missing: one entry for each socket"),
        Arguments.of(
            "listen: [{address: \"unix:/s\"}]\n",
            "p.yaml:1:1: databases: is missing: what clients may ask for; \"*\" is any other name"),
        Arguments.of(
            "listen: [{address: \"unix:/s\"}]\ndatabases: {}\n",
            "p.yaml:2:12: databases: is empty"),
        Arguments.of(
            "listen: [{address: \"unix:/s\"}]\ndatabases: []\n",
            "p.yaml:2:12: databases: is not a mapping of names"),
        Arguments.of(
            "listen: []\ndatabases: {app: {hosts: [h]}}\n", "p.yaml:1:9: listen: is empty"),
        Arguments.of(
            "listen: [{mode: \"0600\"}]\ndatabases: {app: {hosts: [h]}}\n",
            "p.yaml:1:10: listen[0].address: is missing: where clients connect"),
        Arguments.of(
            "listen: [{address: \"unix:/s\"}]\ndatabases: {app: {hosts: []}}\n",
            "p.yaml:2:26: databases.app.hosts: is empty"),
        Arguments.of(
            "listen: [{address: \"unix:/s\"}]\ndatabases: {app: {hosts: [h, \"h:5432\"]}}\n",
            "p.yaml:2:30: databases.app.hosts[1]: tcp:h:5432 is there twice"),
        Arguments.of(
            "listen: [{address: \"unix:/s\"}]\ndatabases: {pooler: {hosts: [h]}}\nadmin: {sockets: true}\n",
            "p.yaml:2:21: databases.pooler: is the console's name where there is admin"));
  }

  static Stream<Arguments> values() {
    return Stream.of(
        database(
            "pool: {size: many}",
            "18: databases.app.pool.size: \"many\" is not a whole number from 1 to 10000"),
        database("pool: {size: 0}", "18: databases.app.pool.size: 0 is not from 1 to 10000"),
        database(
            "pool: {size: \"${BAD}\"}",
            "18: databases.app.pool.size: \"x\" is not a whole number from 1 to 10000"),
        database(
            "pool: {size: \"${NOPE}\"}",
            "18: databases.app.pool.size: ${NOPE} is not set in the environment"),
        database(
            "pool: {size: \"${NOPE\"}",
            "18: databases.app.pool.size: \"${NOPE\" has no closing brace"),
        database(
            "pool: {size: \"${A-B}\"}",
            "18: databases.app.pool.size: ${A-B} is not the name of a variable"),
        database(
            "pool: {mode: transactoin}",
            "18: databases.app.pool.mode: \"transactoin\" is not one of session, transaction, statement; did you mean \"transaction\"?"),
        database(
            "pool: {max-wait: 10}",
            "22: databases.app.pool.max-wait: \"10\" needs a unit: ms, s, m, h, d"),
        database(
            "pool: {max-wait: 10min}",
            "22: databases.app.pool.max-wait: unit \"min\" is not one of ms, s, m, h, d"),
        database(
            "pool: {max-wait: soon}",
            "22: databases.app.pool.max-wait: \"soon\" is not a duration, such as 10s"),
        database(
            "pool: {max-wait: -1s}",
            "22: databases.app.pool.max-wait: \"-1s\" is not a duration, such as 10s"),
        database(
            "pool: {max-wait: 249ms}",
            "22: databases.app.pool.max-wait: 249ms is below the least allowed, 250ms"),
        database(
            "pool: {reserve-after: 0}",
            "27: databases.app.pool.reserve-after: 0 is below the least allowed, 1ms"),
        database(
            "pool: {pins: {listen: refused}}",
            "27: databases.app.pool.pins.listen: \"refused\" is not one of pin, refuse, allow; did you mean \"refuse\"?"),
        database(
            "pool: {pins: {temporary_object: allow}}",
            "19: databases.app.pool.pins.temporary_object: unknown key; did you mean \"temporary-object\"?"),
        database(
            "trust-functions: yes",
            "22: databases.app.trust-functions: \"yes\" is not true or false"),
        database(
            "limits: {backends: -1}",
            "24: databases.app.limits.backends: -1 is not from 0 to 1000000"),
        database(
            "pool: {max-wait: 0}",
            "22: databases.app.pool.max-wait: 0 is below the least allowed, 250ms"),
        database(
            "pool: {max-lifetime: 29s}",
            "26: databases.app.pool.max-lifetime: 29s is below the least allowed, 30s (0: never)"),
        database(
            "pool: {keepalive: 29999ms}",
            "23: databases.app.pool.keepalive: 29999ms is below the least allowed, 30s (0: never)"),
        database(
            "pool: {idle-timeout: 9s}",
            "26: databases.app.pool.idle-timeout: 9s is below the least allowed, 10s (0: never)"),
        database(
            "timeouts: {connect: 1ms}",
            "25: databases.app.timeouts.connect: 1ms is below the least allowed, 250ms"),
        root("limits: {memory: 64}", "18: limits.memory: \"64\" needs a unit: B, KiB, MiB, GiB"),
        root(
            "limits: {memory: 64MB}",
            "18: limits.memory: unit \"MB\" is not one of B, KiB, MiB, GiB; did you mean \"MiB\"?"),
        root("limits: {memory: 1KiB}", "18: limits.memory: 1KiB is not from 1MiB to 64GiB"),
        root(
            "limits: {memory: 99999999999999MiB}",
            "18: limits.memory: \"99999999999999MiB\" is not a size, such as 64MiB"),
        root(
            "http: {address: \"unix:/h\"}",
            "17: http.address: \"unix:/h\" is not host:port or off"),
        root("admin: {sockets: yes}", "18: admin.sockets: \"yes\" is not true or false"),
        listener("{address: \"/s\"}", "20: listen[0].address: \"/s\" needs unix: in front of it"),
        listener(
            "{address: \"unix:s\"}",
            "20: listen[0].address: \"unix:s\" is not unix: and the absolute path of a socket"),
        listener(
            "{address: \"unix:/" + "s".repeat(120) + "\"}",
            "20: listen[0].address: the path has 121 bytes, the kernel takes at most 107 for a socket"),
        listener(
            "{address: \"tcp:localhost\"}",
            "20: listen[0].address: \"localhost\" needs a port from 1 to 65535 at its end"),
        listener(
            "{address: \"tcp:h:70000\"}",
            "20: listen[0].address: \"h:70000\" needs a port from 1 to 65535 at its end"),
        listener(
            "{address: \"tcp:h h:1\"}",
            "20: listen[0].address: \"h h:1\" is not host:port or unix:/path"),
        listener(
            "{address: \"unix:/s\", mode: \"0999\"}",
            "37: listen[0].mode: \"0999\" is not a file mode, such as \"0660\""),
        listener(
            "{address: \"unix:/s\", allow-uids: [1]}",
            "43: listen[0].allow-uids: is not a mapping of uids to users, such as {1000: app}"),
        listener(
            "{address: \"unix:/s\", allow-uids: {app: app}}",
            "43: listen[0].allow-uids.app: \"app\" is not a uid"),
        listener(
            "{address: \"unix:/s\", allow-uids: {1: a, 1: b}}",
            "50: listen[0].allow-uids.1: is there twice"),
        listener(
            "{address: \"unix:/s\", tls: {cert: a}}",
            "36: listen[0].tls.key: is missing: private key, PEM"));
  }

  static Stream<Arguments> secrets() {
    String user = "user: app, password: ";
    return Stream.of(
        Arguments.of(
            one(user + "{}"),
            "p.yaml:2:52: databases.app.password: needs one of file, env and command"),
        Arguments.of(
            one(user + "{file: a, env: B}"),
            "p.yaml:2:52: databases.app.password: needs one of file, env and command"),
        Arguments.of(
            one(user + "{env: B, refresh: 1m}"),
            "p.yaml:2:70: databases.app.password.refresh: is for a command only"),
        Arguments.of(
            one(user + "{fiel: a}"),
            "p.yaml:2:52: databases.app.password: needs one of file, env and command\np.yaml:2:53: databases.app.password.fiel: unknown key; did you mean \"file\"?"),
        Arguments.of(
            one(user + "{command: vault}"),
            "p.yaml:2:62: databases.app.password.command: is not a list: a program and its arguments"));
  }

  private static String one(String database) {
    return "listen: [{address: \"unix:/s\"}]\ndatabases: {app: {hosts: [h], " + database + "}}\n";
  }

  static Stream<Arguments> combinations() {
    return Stream.of(
        listener(
            "{address: \"unix:/s\"}, {address: \"unix:/s\"}",
            "42: listen[1].address: unix:/s is taken by listen[0].address"),
        listener(
            "{address: \"tcp:127.0.0.1:9187\", auth: trust}",
            "1: http.address: tcp:127.0.0.1:9187 is taken by listen[0].address"),
        listener(
            "{address: \"tcp:127.0.0.1:1\", auth: trust}, {address: \"tcp:0.0.0.0:1\", auth: trust}",
            "63: listen[1].address: tcp:0.0.0.0:1 is taken by listen[0].address\np.yaml:1:86: listen[1].auth: trust lets in whoever reaches tcp:0.0.0.0:1; use scram-sha-256"),
        listener(
            "{address: \"tcp:10.0.0.1:1\", auth: trust}",
            "44: listen[0].auth: trust lets in whoever reaches tcp:10.0.0.1:1; use scram-sha-256"),
        listener(
            "{address: \"tcp:127.0.0.1:1\", auth: peer}",
            "45: listen[0].auth: peer is for unix sockets only: TCP does not tell the other side's uid"),
        listener(
            "{address: \"tcp:127.0.0.1:1\"}",
            "10: listen[0].auth: scram-sha-256 needs users, each with a verifier or a password, or a database with auth-user"),
        listener(
            "{address: \"tcp:127.0.0.1:1\", mode: \"0600\", auth: trust}",
            "45: listen[0].mode: is for unix sockets only"),
        listener(
            "{address: \"unix:/s\", auth: trust, allow-uids: {1: a}}",
            "56: listen[0].allow-uids: is not looked at with auth trust, which lets in other uids too"),
        database(
            "password: {env: P}",
            "15: databases.app.password: needs user: without it the password would be sent for any user a client names"),
        database(
            "tls: {mode: require, ca: a}",
            "30: databases.app.tls.ca: is not looked at with mode require; use verify-ca or verify-full"),
        database("tls: {cert: a}", "17: databases.app.tls.cert: cert and key need each other"),
        database(
            "pool: {size: 4, min-idle: 5}",
            "31: databases.app.pool.min-idle: 5 is more than size, 4"),
        Arguments.of(
            HEAD + "    pool: {min-idle: 5}\n    limits: {backends: 4}\n",
            "p.yaml:6:24: databases.app.limits.backends: 4 is less than pool.min-idle, 5"),
        database(
            "pool: {keepalive: 30m}",
            "23: databases.app.pool.keepalive: keepalive is not shorter than max-lifetime, 30m"),
        database(
            "pool: {max-lifetime: 5m}",
            "26: databases.app.pool.max-lifetime: idle-timeout is not at least 1s shorter than max-lifetime, 5m"),
        database(
            "auth-query: \"select 1 where $1\"",
            "17: databases.app.auth-query: needs auth-user, who asks"),
        database(
            "auth-database: postgres",
            "20: databases.app.auth-database: needs auth-user, who asks"),
        database(
            "auth-password: {env: A}",
            "20: databases.app.auth-password: needs auth-user, who asks"),
        Arguments.of(
            HEAD + "    auth-user: a\n    auth-query: select 1\n",
            "p.yaml:6:17: databases.app.auth-query: has no $1, the name of the user to look up"),
        database(
            "tls: {negotiation: direct}",
            "24: databases.app.tls.negotiation: direct has no way back to the clear: mode require or verify-…"),
        database(
            "tls: {mode: prefer, channel-binding: require}",
            "42: databases.app.tls.channel-binding: require needs TLS: mode require or verify-…"),
        listener(
            "{address: \"tcp:127.0.0.1:1\", auth: cert}",
            "45: listen[0].auth: cert needs tls with ca, who signs clients' certificates"),
        listener(
            "{address: \"unix:/s\", auth: cert, tls: {cert: a, key: b, ca: c}}",
            "37: listen[0].auth: cert is for tcp: there is no TLS on unix sockets"),
        listener(
            "{address: \"unix:/s\", auth: trust, tls: {cert: a, key: b, ca: c}}",
            "71: listen[0].tls.ca: is looked at with auth cert only"),
        root("users: [{name: a}]", "9: users[0]: needs a verifier or a password, one of them"),
        root(
            "users: [{name: a, limits: {clients: 1}, verifier: \"md5"
                + "0".repeat(32)
                + "\", password: {env: A}}]",
            "9: users[0]: needs a verifier or a password, one of them"),
        root(
            "users: [{name: a, verifier: sha}]",
            "29: users[0].verifier: is not SCRAM-SHA-256$… or md5 and 32 hexadecimal digits"),
        root(
            "users: [{name: a, password: {env: A}}, {name: a, password: {env: B}}]",
            "47: users[1].name: a is there twice"),
        Arguments.of(
            "listen: [{address: \"unix:/s\"}]\ndatabases: {app: {hosts: [\"unix:/s\"]}}\n",
            "p.yaml:2:26: databases.app.hosts: unix:/s is our own listen[0].address"));
  }

  static Stream<Arguments> later() {
    return Stream.of(
        listener(
            "{address: \"unix:/s\", protocol: mysql}",
            "41: listen[0].protocol: \"mysql\" is not available in this version"),
        database(
            "route: split", "12: databases.app.route: \"split\" is not available in this version"),
        database(
            "retry: transactions",
            "12: databases.app.retry: \"transactions\" is not available in this version"));
  }

  static Stream<Arguments> syntax() {
    return Stream.of(
        Arguments.of(
            "listen: [\n",
            "p.yaml:2:1: not YAML: expected the node content, but found '<stream end>'"),
        Arguments.of("a: 1\n b: 2\n", "p.yaml:2:3: not YAML: mapping values are not allowed here"),
        Arguments.of("a: *x\n", "p.yaml:1:4: not YAML: found undefined alias x"),
        Arguments.of(
            "a: !b%20 c\n", "p.yaml: not YAML: Tag must not contain leading or trailing spaces."),
        Arguments.of("", "p.yaml: is empty; `pooler config` prints a file to start from"),
        Arguments.of(
            "16\n",
            "p.yaml:1:1: is not a mapping of keys: listen, http, databases, limits, io, users, admin"));
  }

  @ParameterizedTest
  @MethodSource({"keys", "values", "secrets", "combinations", "later", "syntax"})
  void eachMistakeHasItsLine(String yaml, String expected) {
    assertEquals(expected, problems(yaml));
  }

  @Test
  void severalMistakesAreReportedAtOnce() {
    String yaml = HEAD + "    rote: primary\n    pool: {size: x}\nlimit: {}\n";

    assertEquals(
        """
        p.yaml:5:5: databases.app.rote: unknown key; did you mean "route"?
        p.yaml:6:18: databases.app.pool.size: "x" is not a whole number from 1 to 10000
        p.yaml:7:1: limit: unknown key; did you mean "limits"?\
        """,
        problems(yaml));
  }

  @Test
  void aFileThatIsNotThereIsAProblemLikeAnyOther() {
    ConfigFile.Result result = ConfigFile.read(Path.of("/nowhere/p.yaml"), ENVIRONMENT::get);

    assertEquals(
        List.of("/nowhere/p.yaml: no such file"),
        assertInstanceOf(ConfigFile.Invalid.class, result).problems().stream()
            .map(ConfigProblem::toString)
            .toList());
  }

  private static String problems(String yaml) {
    ConfigFile.Result result =
        ConfigFile.read("p.yaml", yaml, Path.of("/etc/pooler"), ENVIRONMENT::get);
    List<ConfigProblem> problems =
        assertInstanceOf(ConfigFile.Invalid.class, result, () -> "valid: " + yaml).problems();
    return String.join("\n", problems.stream().map(ConfigProblem::toString).toList());
  }
}
