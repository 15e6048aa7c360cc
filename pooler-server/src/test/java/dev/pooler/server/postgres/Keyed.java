package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A session and the key it was given, to cancel it by. The caller closes it. */
final class Keyed implements AutoCloseable {
  private final SocketAddress address;
  private final RawPgClient client;
  private final byte[] key;

  private Keyed(SocketAddress address, RawPgClient client, byte[] key) {
    this.address = address;
    this.client = client;
    this.key = key;
  }

  /** Of postgres, with parameters of its start-up as names and values. */
  static Keyed of(PoolerFixture pooler, int version, String... startup) throws IOException {
    Map<String, String> parameters = new LinkedHashMap<>();
    parameters.put("user", "postgres");
    parameters.put("database", "postgres");
    for (int i = 0; i < startup.length; i += 2) {
      parameters.put(startup[i], startup[i + 1]);
    }
    RawPgClient client = pooler.raw();
    List<PgMessage> welcome = client.login(version, parameters);
    byte[] key = welcome.stream().filter(m -> m.type() == 'K').findFirst().orElseThrow().body();
    return new Keyed(pooler.unix(), client, key);
  }

  RawPgClient client() {
    return client;
  }

  byte[] key() {
    return key.clone();
  }

  /** Sends a cancel and returns when it has been taken. */
  void cancel() throws IOException {
    try (RawPgClient request = RawPgClient.connect(address)) {
      request.send(PgBytes.cancelRequest(key));
      assertTrue(request.atEnd(), "a cancel is answered by the close");
    }
  }

  /** Sends a cancel and waits for nothing. */
  void askToCancel() throws IOException {
    try (RawPgClient request = RawPgClient.connect(address)) {
      request.send(PgBytes.cancelRequest(key));
    }
  }

  @Override
  public void close() throws IOException {
    client.close();
  }
}
