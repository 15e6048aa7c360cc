package dev.pooler.charts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

@EnabledIf(value = "dev.pooler.charts.HelmChart#helmRuns", disabledReason = HelmChart.NO_HELM)
class DaemonSetTest {

  @Test
  void oneSetOfPodsServesAllWorkloads() {
    Set<String> kinds = new TreeSet<>();
    HelmChart.POOLER.render(Examples.DAEMONSET).forEach(document -> kinds.add(document.kind()));

    assertEquals(Set.of("ConfigMap", "DaemonSet"), kinds);
    assertEquals(1, pod().list("containers").size());
  }

  @Test
  void eachWorkloadHasADirectoryOfTheNode() {
    assertEquals(
        Map.of("path", "/run/pooler/shop", "type", "DirectoryOrCreate"),
        pod().named("socket-shop", "volumes").at("hostPath"));
    assertEquals(
        "/run/pooler/billing", pooler().named("socket-billing", "volumeMounts").at("mountPath"));
    assertEquals(
        "/var/lib/sockets/shop",
        HelmChart.POOLER
            .render("DaemonSet", Examples.DAEMONSET + "daemonset: {hostPath: /var/lib/sockets}")
            .under("spec", "template", "spec")
            .named("socket-shop", "volumes")
            .at("hostPath", "path"));
  }

  @Test
  void onlyTheWorkloadsGroupMayEnterItsDirectory() {
    assertEquals(
        """
        chown 10001:1000700000 /run/pooler/shop
        chmod 2750 /run/pooler/shop
        chown 10001:10300 /run/pooler/billing
        chmod 2710 /run/pooler/billing
        """
            .strip(),
        directories().text("command", 2).strip());
  }

  @Test
  void rootIsOnlyWhoGivesTheDirectoriesAway() {
    assertEquals(
        Map.of("drop", List.of("ALL"), "add", List.of("CHOWN", "FOWNER", "FSETID")),
        directories().at("securityContext", "capabilities"));
    assertEquals(true, pooler().at("securityContext", "runAsNonRoot"));
    assertEquals(10001, pooler().at("securityContext", "runAsUser"));
    assertEquals(Map.of("drop", List.of("ALL")), pooler().at("securityContext", "capabilities"));
  }

  @Test
  void eachSocketLetsOneUidInAsOneUser() {
    Document config = config();

    assertEquals(2, config.list("listen").size());
    assertEquals(
        Map.of(
            "protocol", "postgres",
            "address", "unix:/run/pooler/shop/.s.PGSQL.5432",
            "mode", "0660",
            "auth", "peer",
            "allow-uids", Map.of(1000700000, "shop")),
        config.at("listen", 0));
    assertEquals("unix:/run/pooler/billing/.s.PGSQL.5432", config.at("listen", 1, "address"));
    assertEquals(Map.of(10200, "billing"), config.at("listen", 1, "allow-uids"));
  }

  @Test
  void noDatabaseNamesAUserThatAnotherWorkloadCouldBecome() {
    Map<?, ?> databases = config().map("databases");

    assertEquals(Set.of("shop", "billing", "ledger"), databases.keySet());
    for (Object database : databases.values()) {
      assertFalse(((Map<?, ?>) database).containsKey("user"));
    }
  }

  @Test
  void podsAreReplacedInPlaceWhereTheyAreWanted() {
    Document set = HelmChart.POOLER.render("DaemonSet", Examples.DAEMONSET);

    assertEquals(
        Map.of("type", "RollingUpdate", "rollingUpdate", Map.of("maxUnavailable", 1)),
        set.at("spec", "updateStrategy"));
    assertEquals(Map.of("kubernetes.io/os", "linux"), pod().at("nodeSelector"));
    assertEquals(
        List.of(Map.of("operator", "Exists", "effect", "NoSchedule")), pod().at("tolerations"));
  }

  @Test
  void theNotesTellEachWorkloadItsUidAndUrl() {
    String notes = HelmChart.POOLER.notes(Examples.DAEMONSET);

    assertTrue(notes.contains("shop: uid 1000700000, directory /run/pooler/shop"), notes);
    assertTrue(notes.contains("&socketFactoryArg=/run/pooler/billing/.s.PGSQL.5432"), notes);
  }

  private static Document config() {
    return Document.parse(HelmChart.POOLER.poolerYaml(Examples.DAEMONSET));
  }

  private static Document pod() {
    return HelmChart.POOLER
        .render("DaemonSet", Examples.DAEMONSET)
        .under("spec", "template", "spec");
  }

  private static Document pooler() {
    return pod().named("pooler", "containers");
  }

  private static Document directories() {
    return pod().named("socket-directories", "initContainers");
  }
}
