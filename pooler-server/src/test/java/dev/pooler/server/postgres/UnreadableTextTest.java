package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.RawPgClient;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is left of a statement without a name behind a text that is none in its encoding. */
@Timeout(60)
class UnreadableTextTest {
  private static final byte[] SYNC = PgBytes.sync();

  /** \u00ff stands for the byte 255. */
  private static byte[] request(String name) {
    byte[] text = "select '\u00ff'".getBytes(StandardCharsets.ISO_8859_1);
    return switch (name) {
      case "Parse" -> message('P', new byte[] {0}, text, new byte[] {0, 0, 0});
      case "Query" -> message('Q', text, new byte[] {0});
      case "escape in Parse" -> PgBytes.parse("", "select E'\\xff'");
      case "escape in Query" -> PgBytes.query("select E'\\xff'");
      default -> throw new AssertionError(name);
    };
  }

  private static byte[] message(char type, byte[]... parts) {
    return PgBytes.message(type, PgBytes.joined(parts));
  }

  private static List<String> answers(RawPgClient client, String name) throws Exception {
    client.send(PgBytes.parse("", "select 7"), SYNC).readUntil('Z');
    byte[] request = request(name);
    boolean query = request[0] == 'Q';
    client.send(request, query ? new byte[0] : SYNC);
    String refused = client.readUntil('Z').getFirst().sqlState();
    client.send(PgBytes.bind("", ""), PgBytes.execute("", 0), SYNC);
    return List.of(refused, RawPgClient.types(client.readUntil('Z')));
  }

  @ParameterizedTest
  @ValueSource(strings = {"Parse", "Query", "escape in Parse", "escape in Query"})
  void theStatementIsThereAsDirectly(String name) throws Exception {
    List<String> expected;
    try (RawPgClient direct = SharedServer.direct()) {
      expected = answers(direct, name);
    }
    assertEquals("22021", expected.getFirst());
    assertTrue(expected.getLast().equals(name.startsWith("escape") ? "EZ" : "2DCZ"), name);
    try (PoolerFixture pooler = PoolerFixture.ofPoolSize(SharedServer.get(), 1);
        RawPgClient a = pooler.session("postgres");
        RawPgClient b = pooler.session("postgres")) {
      assertEquals("1", b.value("select 1"));
      assertEquals(expected, answers(a, name));
      assertEquals("1", b.value("select 1"));
    }
  }
}
