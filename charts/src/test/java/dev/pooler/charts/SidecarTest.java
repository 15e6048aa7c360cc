package dev.pooler.charts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

@EnabledIf(value = "dev.pooler.charts.HelmChart#helmRuns", disabledReason = HelmChart.NO_HELM)
class SidecarTest {
  private static final String JDBC_URL =
      "jdbc:postgresql://localhost/app?socketFactory=org.newsclub.net.unix.AFUNIXSocketFactory$FactoryArg"
          + "&socketFactoryArg=/run/pooler/.s.PGSQL.5432";

  @Test
  void theDefaultValuesAreAWholeWorkload() {
    Set<String> kinds = new TreeSet<>();
    HelmChart.POOLER.render(Examples.DEFAULT).forEach(document -> kinds.add(document.kind()));

    assertEquals(Set.of("ConfigMap", "Deployment"), kinds);
  }

  @Test
  void poolerIsANativeSidecar() {
    Document pooler = pooler(Examples.DEFAULT);

    assertEquals("Always", pooler.at("restartPolicy"));
    assertEquals(
        List.of("/opt/pooler/bin/pooler", "run", "--config", "/etc/pooler/pooler.yaml"),
        pooler.at("command"));
    assertNull(pooler.at("lifecycle"));
  }

  @Test
  void theKubeletProbesReadinessBeforeTheAppStartsAndLivenessFromThenOn() {
    Document pooler = pooler(Examples.SIDECAR);

    assertEquals("/ready", pooler.at("startupProbe", "httpGet", "path"));
    assertEquals("/ready", pooler.at("readinessProbe", "httpGet", "path"));
    assertEquals("/live", pooler.at("livenessProbe", "httpGet", "path"));
    for (String probe : List.of("startupProbe", "readinessProbe", "livenessProbe")) {
      assertEquals("pooler-http", pooler.at(probe, "httpGet", "port"));
    }
    assertEquals(9188, pooler.named("pooler-http", "ports").at("containerPort"));
  }

  @Test
  void poolerAndTheAppAreOneUidWithoutPrivileges() {
    Object restricted =
        Map.of(
            "runAsNonRoot",
            true,
            "runAsUser",
            10001,
            "runAsGroup",
            10001,
            "readOnlyRootFilesystem",
            true,
            "allowPrivilegeEscalation",
            false,
            "capabilities",
            Map.of("drop", List.of("ALL")),
            "seccompProfile",
            Map.of("type", "RuntimeDefault"));

    assertEquals(restricted, pooler(Examples.DEFAULT).at("securityContext"));
    assertEquals(restricted, app(Examples.DEFAULT).at("securityContext"));
  }

  @Test
  void aLargeUidIsStillANumber() {
    assertEquals(1000700000, pooler(Examples.SIDECAR).at("securityContext", "runAsUser"));
  }

  @Test
  void noUidLeavesTheChoiceToThePlatform() {
    Document pooler = pooler("{uid: null, gid: null}");

    assertNull(pooler.at("securityContext", "runAsUser"));
    assertNull(pooler.at("securityContext", "runAsGroup"));
    assertEquals(true, pooler.at("securityContext", "runAsNonRoot"));
  }

  @Test
  void theSocketDirectoryIsInMemoryAndTheAppCanNotReplaceTheSocket() {
    Document volume = pod(Examples.DEFAULT).named("pooler-socket", "volumes");

    assertEquals("Memory", volume.at("emptyDir", "medium"));
    assertEquals(
        Map.of("name", "pooler-socket", "mountPath", "/run/pooler"),
        pooler(Examples.DEFAULT).named("pooler-socket", "volumeMounts").tree());
    assertEquals(
        Map.of("name", "pooler-socket", "mountPath", "/sockets", "readOnly", true),
        app("sidecar: {app: {socketPath: /sockets}}")
            .named("pooler-socket", "volumeMounts")
            .tree());
  }

  @Test
  void eachMountHasItsVolume() {
    Document pod = pod(Examples.SIDECAR);

    assertEquals(4, pooler(Examples.SIDECAR).list("volumeMounts").size());
    for (String name : List.of("pooler-config", "pooler-secrets", "pooler-tmp", "pooler-socket")) {
      pooler(Examples.SIDECAR).named(name, "volumeMounts");
      pod.named(name, "volumes");
    }
  }

  @Test
  void secretsAreFilesThatOnlyPoolerMounts() {
    Document volume = pod(Examples.SIDECAR).named("pooler-secrets", "volumes");

    assertEquals(
        List.of(
            source("app-database", "password", "app"),
            source("app-database", "ca.crt", "app.ca.crt"),
            source("any-database", "secret", "any.database")),
        volume.at("projected", "sources"));
    assertEquals(1, app(Examples.SIDECAR).list("volumeMounts").size());
  }

  @Test
  void withoutSecretsThereIsNoVolumeForThem() {
    String values = "databases: [{name: app, protocol: postgres, hosts: [\"pg:5432\"]}]";

    assertEquals(3, pod(values).list("volumes").size());
    assertEquals(3, pooler(values).list("volumeMounts").size());
  }

  @Test
  void theAppIsToldItsJdbcUrl() {
    assertEquals(JDBC_URL, app(Examples.DEFAULT).named("JDBC_URL", "env").at("value"));
    assertEquals(
        "jdbc:mysql://localhost/orders?socketFactory=org.newsclub.net.mysql.AFUNIXDatabaseSocketFactory"
            + "&junixsocket.file=/run/pooler/mysql.sock&sslMode=DISABLED",
        app(Examples.MYSQL).named("JDBC_URL", "env").at("value"));
  }

  @Test
  void theNotesTellTheJdbcUrlAndTheSecrets() {
    String notes = HelmChart.POOLER.notes(Examples.DEFAULT);

    assertTrue(notes.contains("\n  " + JDBC_URL + "\n"), notes);
    assertTrue(notes.contains("app-database (key password)"), notes);
  }

  @Test
  void anotherConfigurationRollsThePods() {
    assertNotEquals(checksum("{}"), checksum("limits: {clients: 7}"));
    assertEquals(checksum("{}"), checksum("image: {tag: other}"));
  }

  @Test
  void resourcesAndGraceAreThoseOfASidecar() {
    Document pod = pod(Examples.DEFAULT);

    assertEquals(
        Map.of(
            "requests",
            Map.of("cpu", "100m", "memory", "96Mi"),
            "limits",
            Map.of("memory", "128Mi")),
        pooler(Examples.DEFAULT).at("resources"));
    assertEquals(30, pod.at("terminationGracePeriodSeconds"));
    assertEquals(false, pod.at("automountServiceAccountToken"));
  }

  @Test
  void aPodMonitorIsThereOnlyWhenAskedFor() {
    Document monitor = HelmChart.POOLER.render("PodMonitor", "podMonitor: {enabled: true}");

    assertEquals("pooler-http", monitor.at("spec", "podMetricsEndpoints", 0, "port"));
    assertEquals(
        HelmChart.POOLER.render("Deployment", "{}").at("spec", "selector"),
        monitor.at("spec", "selector"));
    assertFalse(
        HelmChart.POOLER.render("{}").stream().anyMatch(d -> d.kind().equals("PodMonitor")));
  }

  private static Object source(String secret, String key, String path) {
    return Map.of(
        "secret", Map.of("name", secret, "items", List.of(Map.of("key", key, "path", path))));
  }

  private static Object checksum(String values) {
    return HelmChart.POOLER
        .render("Deployment", values)
        .text("spec", "template", "metadata", "annotations", "checksum/config");
  }

  private static Document pod(String values) {
    return HelmChart.POOLER.render("Deployment", values).under("spec", "template", "spec");
  }

  private static Document pooler(String values) {
    return pod(values).named("pooler", "initContainers");
  }

  private static Document app(String values) {
    return pod(values).named("app", "containers");
  }
}
