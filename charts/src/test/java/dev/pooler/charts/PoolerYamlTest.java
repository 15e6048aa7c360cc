package dev.pooler.charts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.pooler.server.config.ConfigFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

/**
 * What the ConfigMap tells pooler, by pooler's own reader too, but for those named mysql-*: they
 * are for the version that speaks it. The files also go to target/rendered, to be looked at.
 */
@EnabledIf(value = "dev.pooler.charts.HelmChart#helmRuns", disabledReason = HelmChart.NO_HELM)
class PoolerYamlTest {

  @Test
  void theDefaultHoldsNoBackendOfAnIdlePod() throws IOException {
    Document config = export("sidecar-default", Examples.DEFAULT);

    assertEquals(
        Map.of("mode", "transaction", "size", 4, "min-idle", 0),
        config.at("databases", "app", "pool"));
    assertEquals(List.of("postgres:5432"), config.at("databases", "app", "hosts"));
    assertEquals(
        Map.of("clients", 1000, "memory", "16MiB", "session-memory", "4MiB", "drain", "20s"),
        config.at("limits"));
  }

  @Test
  void probesReachTheHttpAddress() throws IOException {
    assertEquals("0.0.0.0:9187", export("sidecar-default", Examples.DEFAULT).at("http", "address"));
    assertEquals("[::]:9188", export("sidecar", Examples.SIDECAR).at("http", "address"));
  }

  @Test
  void eachValueArrivesAsItStands() throws IOException {
    Document config = export("sidecar", Examples.SIDECAR);
    Document app = config.under("databases", "app");

    assertEquals(Map.of(1000700001, "app"), config.at("listen", 0, "allow-uids"));
    assertEquals("0600", config.at("listen", 0, "mode"));
    assertEquals("app_production", app.at("database"));
    assertEquals(
        Map.of(
            "mode", "session",
            "size", 32,
            "min-idle", 2,
            "max-wait", "500ms",
            "max-lifetime", "30m",
            "idle-timeout", "5m",
            "keepalive", 0),
        app.at("pool"));
    assertEquals(
        Map.of("connect", "5s", "statement", 0, "idle-in-transaction", "1m", "client-idle", "1h"),
        app.at("timeouts"));
  }

  @Test
  void secretsAreNamesOfFiles() throws IOException {
    Document config = export("sidecar", Examples.SIDECAR);

    assertEquals(
        Map.of("file", "/run/secrets/pooler/app"), config.at("databases", "app", "password"));
    assertEquals(
        Map.of("mode", "verify-full", "ca", "/run/secrets/pooler/app.ca.crt"),
        config.at("databases", "app", "tls"));
    assertEquals(
        Map.of("file", "/run/secrets/pooler/any.database"),
        config.at("databases", "*", "password"));
    assertEquals(Map.of("mode", "require"), config.at("databases", "*", "tls"));
    assertNull(config.at("databases", "open", "password"));
  }

  @Test
  void aWorkloadsPoolerServesItsDatabasesAsItsUser() throws IOException {
    Document shop = exportWorkload("daemonset-shop", "shop", Examples.DAEMONSET);
    Document billing = exportWorkload("daemonset-billing", "billing", Examples.DAEMONSET);

    assertEquals(
        Map.of("file", "/run/secrets/pooler/shop"), shop.at("databases", "shop", "password"));
    assertEquals("shop", shop.at("databases", "shop", "user"));
    assertEquals(Set.of("billing", "ledger"), billing.map("databases").keySet());
    assertEquals(Map.of("size", 2, "min-idle", 0), billing.at("databases", "ledger", "pool"));
  }

  @Test
  void mysqlHasASocketOfItsOwnName() throws IOException {
    assertEquals(
        "unix:/run/pooler/mysql.sock",
        export("mysql-sidecar", Examples.MYSQL).at("listen", 0, "address"));

    Document nodes = exportWorkload("mysql-daemonset", "orders", Examples.MYSQL_ON_EACH_NODE);
    assertEquals("unix:/run/pooler/orders/.s.PGSQL.5432", nodes.at("listen", 0, "address"));
    assertEquals("unix:/run/pooler/orders/mysql.sock", nodes.at("listen", 1, "address"));
    assertEquals(Map.of(10200, "orders"), nodes.at("listen", 1, "allow-uids"));
  }

  @Test
  void aNameOfDigitsIsStillAName() {
    String values =
        "databases: [{name: '7', protocol: postgres, hosts: ['pg:5432'], user: '8',"
            + " existingSecret: {name: '9', key: '10'}}]";
    Document sources =
        HelmChart.POOLER
            .render("Deployment", values)
            .under("spec", "template", "spec")
            .named("pooler-secrets", "volumes")
            .under("projected", "sources", 0, "secret");

    assertEquals(
        Map.of("name", "9", "items", List.of(Map.of("key", "10", "path", "7"))), sources.tree());
    assertEquals(
        "8", Document.parse(HelmChart.POOLER.poolerYaml(values)).at("databases", "7", "user"));
  }

  private static Document exportWorkload(String name, String workload, String values)
      throws IOException {
    Document map = HelmChart.POOLER.render("ConfigMap", "demo-pooler-" + workload, values);
    return write(name, map.text("data", "pooler.yaml"));
  }

  private static Document export(String name, String values) throws IOException {
    return write(name, HelmChart.POOLER.poolerYaml(values));
  }

  private static Document write(String name, String text) throws IOException {
    Path directory = Files.createDirectories(Path.of("target", "rendered"));
    Path file = Files.writeString(directory.resolve(name + ".yaml"), text);
    if (!name.startsWith("mysql-")) {
      ConfigFile.Result read = ConfigFile.read(file, variable -> null);
      assertEquals(
          List.of(), assertInstanceOf(ConfigFile.Ok.class, read, read::toString).warnings());
    }
    return Document.parse(text);
  }
}
