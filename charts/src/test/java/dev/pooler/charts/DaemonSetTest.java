package dev.pooler.charts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

@EnabledIf(value = "dev.pooler.charts.HelmChart#helmRuns", disabledReason = HelmChart.NO_HELM)
class DaemonSetTest {

  @Test
  void eachWorkloadHasASetOfPodsAndAConfigurationOfItsOwn() {
    List<String> made =
        HelmChart.POOLER.render(Examples.DAEMONSET).stream()
            .map(document -> document.kind() + " " + document.at("metadata", "name"))
            .sorted()
            .toList();

    assertEquals(
        List.of(
            "ConfigMap demo-pooler-billing",
            "ConfigMap demo-pooler-shop",
            "DaemonSet demo-pooler-billing",
            "DaemonSet demo-pooler-shop"),
        made);
    assertEquals(
        Map.of("name", "demo-pooler-shop"),
        pod("shop").named("pooler-config", "volumes").at("configMap"));
    assertNotEquals(set("shop").at("spec", "selector"), set("billing").at("spec", "selector"));
  }

  @Test
  void aWorkloadsPodHasItsSecretsAlone() {
    List<?> sources = pod("shop").named("pooler-secrets", "volumes").list("projected", "sources");

    assertEquals(1, sources.size());
    assertEquals("shop-database", new Document(sources).at(0, "secret", "name"));
  }

  @Test
  void eachWorkloadHasADirectoryOfTheNode() {
    assertEquals(
        Map.of("path", "/run/pooler/shop", "type", "DirectoryOrCreate"),
        pod("shop").named("pooler-socket", "volumes").at("hostPath"));
    assertEquals(
        "/run/pooler/billing",
        pooler("billing").named("pooler-socket", "volumeMounts").at("mountPath"));
    assertEquals(
        "/var/lib/sockets/shop",
        HelmChart.POOLER
            .render(
                "DaemonSet",
                "demo-pooler-shop",
                Examples.DAEMONSET + "daemonset: {hostPath: /var/lib/sockets}")
            .under("spec", "template", "spec")
            .named("pooler-socket", "volumes")
            .at("hostPath", "path"));
  }

  @Test
  void onlyTheWorkloadsGroupMayEnterItsDirectory() {
    assertEquals(
        "chown 10001:1000700000 /run/pooler/shop\nchmod 2750 /run/pooler/shop",
        directory("shop").text("command", 2).strip());
    assertEquals(
        "chown 10001:10300 /run/pooler/billing\nchmod 2710 /run/pooler/billing",
        directory("billing").text("command", 2).strip());
  }

  @Test
  void rootIsOnlyWhoGivesTheDirectoryAway() {
    assertEquals(
        Map.of("drop", List.of("ALL"), "add", List.of("CHOWN", "FOWNER", "FSETID")),
        directory("shop").at("securityContext", "capabilities"));
    Document pooler = pooler("shop");
    assertEquals(true, pooler.at("securityContext", "runAsNonRoot"));
    assertEquals(10001, pooler.at("securityContext", "runAsUser"));
    assertEquals(Map.of("drop", List.of("ALL")), pooler.at("securityContext", "capabilities"));
  }

  @Test
  void aSocketLetsOneUidInAsOneUser() {
    assertEquals(
        List.of(
            Map.of(
                "protocol", "postgres",
                "address", "unix:/run/pooler/shop/.s.PGSQL.5432",
                "mode", "0660",
                "auth", "peer",
                "allow-uids", Map.of(1000700000, "shop"))),
        config("shop").at("listen"));
    assertEquals(Map.of(10200, "billing"), config("billing").at("listen", 0, "allow-uids"));
  }

  @Test
  void podsAreReplacedInPlaceWhereTheyAreWanted() {
    assertEquals(
        Map.of("type", "RollingUpdate", "rollingUpdate", Map.of("maxUnavailable", 1)),
        set("shop").at("spec", "updateStrategy"));
    assertEquals(Map.of("kubernetes.io/os", "linux"), pod("shop").at("nodeSelector"));
    assertEquals(
        List.of(Map.of("operator", "Exists", "effect", "NoSchedule")),
        pod("shop").at("tolerations"));
  }

  @Test
  void theNotesTellEachWorkloadItsUidAndUrl() {
    String notes = HelmChart.POOLER.notes(Examples.DAEMONSET);

    assertTrue(notes.contains("shop: uid 1000700000, directory /run/pooler/shop"), notes);
    assertTrue(notes.contains("&socketFactoryArg=/run/pooler/billing/.s.PGSQL.5432"), notes);
    assertTrue(notes.contains("billing-database (key password)"), notes);
  }

  private static Document config(String workload) {
    return Document.parse(
        HelmChart.POOLER
            .render("ConfigMap", "demo-pooler-" + workload, Examples.DAEMONSET)
            .text("data", "pooler.yaml"));
  }

  private static Document set(String workload) {
    return HelmChart.POOLER.render("DaemonSet", "demo-pooler-" + workload, Examples.DAEMONSET);
  }

  private static Document pod(String workload) {
    return set(workload).under("spec", "template", "spec");
  }

  private static Document pooler(String workload) {
    return pod(workload).named("pooler", "containers");
  }

  private static Document directory(String workload) {
    return pod(workload).named("socket-directory", "initContainers");
  }
}
