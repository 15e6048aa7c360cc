package dev.pooler.postgres.fuzz;

import dev.pooler.postgres.codec.PgFrameFormat;

/** {@link Walk} over what servers send. */
public final class BackendWalkFuzz {
  private BackendWalkFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) {
    Walk.check(PgFrameFormat.BACKEND, input);
  }
}
