package dev.pooler.server.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * What is generated from the table: all of it complete, readable, and the same as what stands in
 * docs.
 */
class ReferenceTest {

  @Test
  void theReferenceFileIsReadAndHoldsTheDefaultsOnly() {
    ConfigFile.Ok reference = read(ReferenceFile.render());
    ConfigFile.Ok shortest =
        read(
            """
            listen: [{address: "unix:/run/pooler/.s.PGSQL.5432"}]
            databases: {app: {hosts: ["127.0.0.1:5432"]}}
            """);

    assertEquals(shortest.config(), reference.config());
    assertEquals(List.of(), reference.warnings());
  }

  @Test
  void theReferenceFileNamesEveryKey() {
    String text = ReferenceFile.render();
    for (Key key : Keys.ROOT) {
      assertNamed(key, text);
    }
  }

  private static void assertNamed(Key key, String text) {
    assertTrue(
        text.contains(" " + key.name() + ":") || text.contains("\n" + key.name() + ":"),
        key.name());
    List<Key> below =
        switch (key.shape()) {
          case Shape.Group group -> group.keys();
          case Shape.Groups groups -> groups.keys();
          case Shape.Named named -> named.keys();
          default -> List.of();
        };
    below.forEach(child -> assertNamed(child, text));
  }

  @Test
  void theSchemaHasEachKeyAtItsPlaceAndAllowsNoOther() {
    // JSON is YAML: the reader at hand reads it.
    Object schema = new Load(LoadSettings.builder().build()).loadFromString(JsonSchema.render());

    assertEquals("https://json-schema.org/draft/2020-12/schema", at(schema, "$schema"));
    assertEquals(List.of("listen", "databases"), at(schema, "required"));
    assertSame(Keys.ROOT, schema);
  }

  private static void assertSame(List<Key> keys, Object schema) {
    assertEquals("object", at(schema, "type"));
    assertEquals(false, at(schema, "additionalProperties"));
    Map<?, ?> properties = assertInstanceOf(Map.class, at(schema, "properties"));
    assertEquals(keys.stream().map(Key::name).toList(), List.copyOf(properties.keySet()));
    for (Key key : keys) {
      Object property = at(properties, key.name());
      assertEquals(key.doc(), at(property, "description"));
      switch (key.shape()) {
        case Shape.Group group -> assertSame(group.keys(), property);
        case Shape.Groups groups -> assertSame(groups.keys(), at(property, "items"));
        case Shape.Named named -> assertSame(named.keys(), at(property, "additionalProperties"));
        default -> {}
      }
    }
  }

  private static Object at(Object map, String key) {
    Object value = ((Map<?, ?>) map).get(key);
    assertNotNull(value, key);
    return value;
  }

  /** To write the page anew: {@code mvn -pl pooler-server -am verify -Dpooler.docs=write}. */
  @Test
  void theConfigurationPageIsTheTables() throws IOException {
    Path page = Path.of(System.getProperty("pooler.root", ".."), "docs", "configuration.md");
    if ("write".equals(System.getProperty("pooler.docs"))) {
      Files.createDirectories(page.resolveSibling("."));
      Files.writeString(page, ConfigurationPage.render());
    }
    assertEquals(ConfigurationPage.render(), Files.readString(page));
  }

  private static ConfigFile.Ok read(String yaml) {
    ConfigFile.Result result = ConfigFile.read("p.yaml", yaml, Path.of("/"), name -> null);
    return assertInstanceOf(ConfigFile.Ok.class, result, () -> result + "\n" + yaml);
  }
}
