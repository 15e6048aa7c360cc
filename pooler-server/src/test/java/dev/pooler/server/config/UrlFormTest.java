package dev.pooler.server.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.pooler.core.config.Auth;
import dev.pooler.core.config.DatabaseConfig;
import dev.pooler.core.config.PoolMode;
import dev.pooler.core.config.PoolerConfig;
import dev.pooler.core.config.Secret;
import dev.pooler.core.config.TcpAddress;
import dev.pooler.core.config.TlsMode;
import dev.pooler.core.config.UnixAddress;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UrlFormTest {
  private static final Path SOCKETS = Path.of("/run/pooler");

  @Test
  void aUrlIsAWholeConfiguration() {
    PoolerConfig config =
        config("postgres://app:p%40ss@db:5433/shop?pool-size=8&pool-mode=session&tls-mode=require");
    DatabaseConfig shop = database(config, "shop");

    assertEquals(
        new UnixAddress(Path.of("/run/pooler/.s.PGSQL.5432")),
        config.listen().getFirst().address());
    assertEquals(Auth.PEER, config.listen().getFirst().auth());
    assertEquals(List.of(new TcpAddress("db", 5433)), shop.hosts());
    assertEquals("app", shop.user());
    assertEquals(new Secret.Literal("p@ss"), shop.password());
    assertEquals(8, shop.pool().size());
    assertEquals(PoolMode.SESSION, shop.pool().mode());
    assertEquals(TlsMode.REQUIRE, shop.tls().mode());
    assertNull(config.database("other"));
  }

  @Test
  void theRestOfTheKeysAreThereWithTheirSectionInFront() {
    PoolerConfig config =
        config(
            "postgresql://app@db?http-address=off&limits-clients=9&listen-auth=trust&password-env=PW");

    assertNull(config.http());
    assertEquals(9, config.limits().clients());
    assertEquals(Auth.TRUST, config.listen().getFirst().auth());
    assertEquals(new Secret.FromEnv("PW"), database(config, "app").password());
  }

  @Test
  void severalHostsAndSocketDirectoriesAreReadAsLibpqDoes() {
    assertEquals(
        List.of(new TcpAddress("a", 1), new TcpAddress("b", 5432)),
        database(config("postgres://u@a:1,b/d"), "d").hosts());
    assertEquals(
        List.of(new UnixAddress(Path.of("/var/run/postgresql/.s.PGSQL.5432"))),
        database(config("postgres://u@%2Fvar%2Frun%2Fpostgresql/d"), "d").hosts());
    assertEquals(
        List.of(new TcpAddress("::1", 5432)),
        database(config("postgres://u@[::1]/d"), "d").hosts());
  }

  @Test
  void aDollarInAPasswordIsADollar() {
    assertEquals(
        new Secret.Literal("${X}"), database(config("postgres://u:${X}@a/d"), "d").password());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "postgres://u@h/d?pool-sise=8 | URL: pool-sise: unknown parameter; did you mean \"pool-size\"?",
        "postgres://u@h/d?pool-size=x | URL: databases.d.pool.size: \"x\" is not a whole number from 1 to 10000",
        "postgres://u@h/d?pool-size | URL: pool-size: has no value",
        "postgres://h | URL: names no database: postgres://user@host:port/database",
        "postgres://u@h:x/d | URL: databases.d.hosts[0]: \"h:x\" needs a port from 1 to 65535 at its end",
        "postgres://u%@h/d | URL: has a % that two hexadecimal digits don't follow",
        "mysql://u@h/d | URL: mysql is not available in this version",
        "http://h/ | URL: is not postgres://user:password@host:port/database",
        "postgres://h/d?password-env=X | URL: databases.d.password: needs user: without it the password would be sent for any user a client names",
      })
  void aWrongUrlHasOneClearLine(String url, String problem) {
    ConfigFile.Invalid invalid =
        assertInstanceOf(ConfigFile.Invalid.class, UrlForm.read(url, SOCKETS));

    assertEquals(
        List.of(problem), invalid.problems().stream().map(ConfigProblem::toString).toList());
  }

  private static PoolerConfig config(String url) {
    ConfigFile.Result result = UrlForm.read(url, SOCKETS);
    return assertInstanceOf(ConfigFile.Ok.class, result, result::toString).config();
  }

  private static DatabaseConfig database(PoolerConfig config, String name) {
    DatabaseConfig database = config.database(name);
    assertNotNull(database);
    return database;
  }
}
