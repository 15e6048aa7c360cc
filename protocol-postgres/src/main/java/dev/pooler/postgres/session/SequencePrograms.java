package dev.pooler.postgres.session;

import java.util.concurrent.ConcurrentHashMap;

/**
 * Which programs of a pool ask with currval or lastval what their session has drawn, by their
 * application_name, learned when one of them does; and whether code of the database asks where no
 * text shows it. Any thread.
 */
public final class SequencePrograms {
  /** What is done for a program's sessions. */
  public enum Care {
    /** Nothing: it never asked. */
    NONE,
    /** Values of others are forgotten before it draws. */
    ASKS,
    /** It asks when its transaction is over: who has drawn keeps the lease, too. */
    KEEPS
  }

  /** Whose sessions each have a name of their own is one program beyond so many. */
  static final int MOST = 1000;

  private static final String OTHERS = "\0others";

  private final ConcurrentHashMap<String, Care> byName = new ConcurrentHashMap<>();
  private volatile Care all = Care.NONE;

  /** True where nothing is done for anybody: the common case costs a glance. */
  public boolean none() {
    return all == Care.NONE && byName.isEmpty();
  }

  /** What is done for sessions of this application_name. */
  public Care care(String program) {
    Care care = byName.get(program);
    if (care == null && byName.size() >= MOST) {
      care = byName.get(OTHERS);
    }
    return care == null || all == Care.KEEPS ? all : care;
  }

  /** It has asked; what is done for it is never less than before. */
  public void learn(String program, Care care) {
    boolean room = byName.size() < MOST || byName.containsKey(program);
    byName.merge(room ? program : OTHERS, care, (had, now) -> had == Care.KEEPS ? had : now);
  }

  /** What the code of the database asks for, in whatever program's sessions it runs. */
  public void all(Care care) {
    all = care;
  }
}
