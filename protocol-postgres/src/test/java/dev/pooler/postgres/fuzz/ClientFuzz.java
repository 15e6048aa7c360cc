package dev.pooler.postgres.fuzz;

import dev.pooler.core.config.Auth;
import dev.pooler.core.config.PoolMode;
import dev.pooler.testkit.wire.PgBytes;
import java.util.Arrays;
import java.util.Map;

/**
 * A client that has logged in sends anything, with every message that pooler looks into among it:
 * its session goes on or ends with an error of the client's, never with a fault of ours, and leaves
 * nothing. The input: pool mode and the seed of the cuts, then the stream.
 */
public final class ClientFuzz {
  private static final byte[] STARTUP =
      PgBytes.startup(PgBytes.VERSION_3_0, Map.of("user", "app", "application_name", "fuzz"));

  private ClientFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) {
    if (input.length < 2) {
      return;
    }
    PoolMode mode =
        switch (input[0] & 3) {
          case 0 -> PoolMode.TRANSACTION;
          case 1 -> PoolMode.SESSION;
          default -> PoolMode.STATEMENT;
        };
    try (World world = new World(input[1], mode, Auth.TRUST, ObligingServer::new)) {
      world.login(STARTUP);
      world.send(Arrays.copyOfRange(input, 2, input.length));
      world.end();
    }
  }
}
