package dev.pooler.core.observe;

/**
 * Picks one event in sixteen, on the average: at distances that change, so that no workload's own
 * rhythm falls in with them. Each one that is picked stands for {@link #ONE_IN}. Confined to one
 * thread.
 */
public final class Sampler {
  public static final int ONE_IN = 16;

  private int left = 1;
  private int seed;

  /** Whether this event is picked; the first one is. */
  public boolean takes() {
    if (--left > 0) {
      return false;
    }
    seed = seed * 1_664_525 + 1_013_904_223; // Numerical Recipes' generator; its high bits are good
    left = 1 + Integer.remainderUnsigned(seed >>> 8, 2 * ONE_IN - 1);
    return true;
  }
}
