package dev.pooler.charts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@EnabledIf(value = "dev.pooler.charts.HelmChart#helmRuns", disabledReason = HelmChart.NO_HELM)
class ValuesSchemaTest {
  private static final String DATABASE = "name: a, protocol: postgres, hosts: [\"pg:5432\"]";

  @ParameterizedTest(name = "{0} is refused with {1}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "mode: deployment                                        | /mode",
        "modus: sidecar                                          | modus",
        "image: {name: x}                                        | name",
        "image: {tag: 1.0}                                       | /image/tag",
        "uid: 0                                                  | /uid",
        "uid: app                                                | /uid",
        "limits: {clients: many}                                 | /limits/clients",
        "limits: {memory: 16}                                    | /limits/memory",
        "limits: {session-memory: 4}                             | /limits/session-memory",
        "limits: {drain: 20}                                     | /limits/drain",
        "http: {host: pooler.example}                            | /http/host",
        "http: {port: 80}                                        | /http/port",
        "listen: []                                              | /listen",
        "listen: [{protocol: oracle}]                            | /listen/0/protocol",
        "listen: [{protocol: postgres, mode: '0666'}]            | /listen/0/mode",
        "listen: [{protocol: postgres, mode: 0660}]              | /listen/0/mode",
        "listen: [{protocol: postgres, allow-uids: {0: app}}]    | /listen/0/allow-uids",
        "resources: {limits: {gpu: 1}}                           | gpu",
        "sidecar: {app: {socketPath: run}}                       | /sidecar/app/socketPath",
        "daemonset: {updateStrategy: {type: Recreate}}           | /daemonset/updateStrategy/type",
        "tolerations: [{effekt: NoSchedule}]                     | effekt",
        "podMonitor: {enabled: yes please}                       | /podMonitor/enabled",
        "databases: []                                           | /databases",
        "mode: daemonset                                         | /workloads",
      })
  void aWrongValueIsRefusedByItsName(String values, String named) {
    assertRefused(values, named);
  }

  @ParameterizedTest(name = "a database with {0} is refused with {1}")
  @CsvSource(
      delimiter = '|',
      value = {
        "password: secret                                 | password",
        "existingSecret: {name: a}                        | key",
        "poool: {}                                        | poool",
        "pool: {mode: request}                            | /databases/0/pool/mode",
        "pool: {size: 0}                                  | /databases/0/pool/size",
        "pool: {minIdle: 0}                               | minIdle",
        "pool: {max-wait: 10}                             | /databases/0/pool/max-wait",
        "tls: {mode: on-demand}                           | /databases/0/tls/mode",
        "timeouts: {statement: forever}                   | /databases/0/timeouts/statement",
      })
  void aWrongKeyOfADatabaseIsRefusedByItsName(String key, String named) {
    assertRefused("databases: [{" + DATABASE + ", " + key + "}]", named);
  }

  @Test
  void aDatabaseOfAWorkloadHasNoUser() {
    assertRefused(
        "{mode: daemonset, workloads: [{name: a, uid: 5, user: a, databases: [{%s, user: b}]}]}"
            .formatted(DATABASE),
        "/workloads/0/databases/0/user");
  }

  @Test
  void twoWorkloadsOfOneUidAreRefused() {
    assertRefused(twoWorkloads(5, 5, "b"), "uid 5 of \"b\" is also that of a");
    assertRefused(twoWorkloads(5, 10001, "b"), "uid 10001 of \"b\" is also that of pooler itself");
  }

  @Test
  void workloadsMayCallTheirDatabasesTheSame() {
    assertEquals(4, HelmChart.POOLER.render(twoWorkloads(5, 6, "a")).size());
  }

  @Test
  void oneDatabaseTwiceIsRefused() {
    assertRefused(
        "databases: [{%s}, {%s}]".formatted(DATABASE, DATABASE), "databases: \"a\" is there twice");
  }

  @Test
  void aSecretIsOfAUser() {
    assertRefused("databases: [{" + DATABASE + ", existingSecret: {name: a, key: b}}]", "user");
  }

  @Test
  void eachObjectOfTheSchemaIsClosed() throws IOException {
    Document schema = Document.parse(Files.readString(Path.of("pooler/values.schema.json")));
    List<String> open = new ArrayList<>();
    collectOpen("", schema.tree(), open);

    // Helm itself owns "global".
    assertEquals(List.of("/properties/global"), open);
  }

  private static void collectOpen(String way, Object here, List<String> open) {
    if (here instanceof Map<?, ?> map) {
      if ("object".equals(map.get("type")) && !map.containsKey("additionalProperties")) {
        open.add(way);
      }
      map.forEach((key, value) -> collectOpen(way + "/" + key, value, open));
    } else if (here instanceof List<?> list) {
      list.forEach(item -> collectOpen(way + "/-", item, open));
    }
  }

  private static String twoWorkloads(int uidOfA, int uidOfB, String databaseOfB) {
    return """
    mode: daemonset
    workloads:
      - {name: a, uid: %d, user: a, databases: [{name: a, protocol: postgres, hosts: ["pg:5432"]}]}
      - {name: b, uid: %d, user: b, databases: [{name: %s, protocol: postgres, hosts: ["pg:5432"]}]}
    """
        .formatted(uidOfA, uidOfB, databaseOfB);
  }

  private static void assertRefused(String values, String named) {
    String message =
        String.valueOf(
            assertThrows(IllegalStateException.class, () -> HelmChart.POOLER.render(values))
                .getMessage());
    assertTrue(message.contains(named), message);
  }
}
