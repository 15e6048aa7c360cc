package dev.pooler.postgres.fuzz;

import java.security.SecureRandom;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** Secrets that are the same in each run: an input that fails once fails again. */
final class CountedRandom extends SecureRandom {
  private static final long serialVersionUID = 1L;
  private final transient @Nullable SplittableRandom source = new SplittableRandom(5802);

  @Override
  public void nextBytes(byte[] bytes) {
    if (source != null) {
      source.nextBytes(bytes);
    }
  }
}
