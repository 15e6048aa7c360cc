package dev.pooler.postgres.fuzz;

import dev.pooler.core.config.Auth;
import dev.pooler.core.config.PoolMode;
import java.util.Arrays;

/**
 * A stranger's bytes at a listener, from the first: encryption requests, start-up packet, password
 * messages. The input: how the listener authenticates and the seed of the cuts, then the stream.
 */
public final class LoginFuzz {
  private LoginFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) {
    if (input.length < 2) {
      return;
    }
    Auth auth =
        switch (input[0] & 3) {
          case 0 -> Auth.TRUST;
          case 1 -> Auth.SCRAM_SHA_256;
          case 2 -> Auth.MD5;
          default -> Auth.PEER;
        };
    try (World world = new World(input[1], PoolMode.TRANSACTION, auth, ObligingServer::new)) {
      world.send(Arrays.copyOfRange(input, 2, input.length));
      world.end();
    }
  }
}
