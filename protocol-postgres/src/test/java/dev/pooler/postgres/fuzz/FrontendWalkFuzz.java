package dev.pooler.postgres.fuzz;

import dev.pooler.postgres.codec.PgFrameFormat;

/** {@link Walk} over what clients send. */
public final class FrontendWalkFuzz {
  private FrontendWalkFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) {
    Walk.check(PgFrameFormat.FRONTEND, input);
  }
}
