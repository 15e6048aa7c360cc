package dev.pooler.testkit.simulation;

/** An invariant does not hold; the seed and what happened before are the simulation's to tell. */
public final class SimulationFailure extends AssertionError {
  private static final long serialVersionUID = 1L;

  public SimulationFailure(String what) {
    super(what);
  }

  public SimulationFailure(String what, Throwable cause) {
    super(what, cause);
  }
}
