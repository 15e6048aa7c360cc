package dev.pooler.charts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.marcnuri.helm.LintResult;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

@EnabledIf(value = "dev.pooler.charts.HelmChart#helmRuns", disabledReason = HelmChart.NO_HELM)
class ChartLintTest {

  @Test
  void strictLintFindsNothingToWarnOf() {
    assertClean(HelmChart.POOLER.lint());
  }

  @Test
  void strictLintFindsNothingToWarnOfInTheOtherMode() {
    assertClean(HelmChart.POOLER.lintWith(Examples.DAEMONSET));
  }

  @Test
  void theImageIsOfTheProjectsVersionAndNamesNoRegistry() {
    String version = System.getProperty("project.version", "").replace("-SNAPSHOT", "");
    Document pod = HelmChart.POOLER.render("Deployment", "{}").under("spec", "template", "spec");

    assertEquals("pooler:" + version, pod.named("pooler", "initContainers").at("image"));
  }

  @Test
  void aClusterWithoutNativeSidecarsIsRefused() {
    IllegalStateException refused =
        assertThrows(IllegalStateException.class, () -> HelmChart.POOLER.renderFor("1.28.9", "{}"));

    assertTrue(String.valueOf(refused.getMessage()).contains(">=1.29.0"), refused.getMessage());
  }

  private static void assertClean(LintResult result) {
    List<String> complaints =
        result.getMessages().stream().filter(line -> !line.contains("[INFO]")).toList();
    assertEquals(List.of(), complaints);
    assertFalse(result.isFailed());
    assertTrue(result.getMessages().stream().anyMatch(line -> line.contains("[INFO]")), "it ran");
  }
}
