package dev.pooler.charts;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/** The README's chart, which includes the sidecar templates, is put together and rendered. */
@EnabledIf(value = "dev.pooler.charts.HelmChart#helmRuns", disabledReason = HelmChart.NO_HELM)
class SidecarTemplatesTest {
  @TempDir private Path shop;

  @BeforeEach
  void copyTheReadme() throws IOException {
    List<String> yaml =
        Pattern.compile("```yaml\n(.*?)```", Pattern.DOTALL)
            .matcher(Files.readString(Path.of("pooler/README.md")))
            .results()
            .map(found -> found.group(1))
            .toList();
    Files.writeString(
        shop.resolve("Chart.yaml"), "apiVersion: v2\nname: shop\nversion: 1.0.0\n" + yaml.get(0));
    Files.writeString(shop.resolve("values.yaml"), yaml.get(1));
    Files.createDirectories(shop.resolve("templates"));
    Files.writeString(shop.resolve("templates/workload.yaml"), yaml.get(2));
    Files.createDirectories(shop.resolve("charts"));
    HelmChart.POOLER.copyTo(shop.resolve("charts/pooler"));
  }

  @Test
  void aChartOfItsOwnGetsTheSidecarAndItsConfigurationOnly() {
    HelmChart chart = new HelmChart(shop);
    Document workload = chart.render("StatefulSet", "{}");
    Document pod = workload.under("spec", "template", "spec");
    Document pooler = pod.named("pooler", "initContainers");

    assertEquals(2, chart.render("{}").size());
    assertEquals("Always", pooler.at("restartPolicy"));
    assertEquals(10001, pooler.at("securityContext", "runAsUser"));
    assertEquals(
        "/run/pooler",
        pod.named("shop", "containers").named("pooler-socket", "volumeMounts").at("mountPath"));
    assertEquals(
        "jdbc:postgresql://localhost/shop?socketFactory=org.newsclub.net.unix.AFUNIXSocketFactory$FactoryArg"
            + "&socketFactoryArg=/run/pooler/.s.PGSQL.5432",
        pod.named("shop", "containers").named("JDBC_URL", "env").at("value"));
    assertEquals(
        chart.render("ConfigMap", "{}").at("metadata", "name"),
        pod.named("pooler-config", "volumes").at("configMap", "name"));
    assertEquals(
        "/run/secrets/pooler/shop",
        Document.parse(chart.poolerYaml("{}")).at("databases", "shop", "password", "file"));
  }

  @Test
  void theReadmesDaemonSetRenders() throws IOException {
    Matcher found =
        Pattern.compile("```yaml\n(mode: daemonset\n.*?)```", Pattern.DOTALL)
            .matcher(Files.readString(Path.of("pooler/README.md")));

    assertEquals(true, found.find());
    assertEquals(4, HelmChart.POOLER.render(found.group(1)).size());
  }
}
