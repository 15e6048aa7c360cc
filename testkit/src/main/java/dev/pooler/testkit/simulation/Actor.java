package dev.pooler.testkit.simulation;

/** Something the simulation may let act: a channel, a script, a loop with tasks. */
public interface Actor {
  /** Whether it could do something now; must have no effect. */
  boolean ready();

  /** Does one small thing. Called only while {@link #ready}. */
  void act();

  /** Gone for good: the simulation forgets it. */
  default boolean over() {
    return false;
  }
}
