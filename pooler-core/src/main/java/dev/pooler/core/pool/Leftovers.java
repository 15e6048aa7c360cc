package dev.pooler.core.pool;

/** What a session has left on its backend, as far as it is known. */
public enum Leftovers {
  /** Nothing that the next session could notice. */
  NONE,
  /** Perhaps something: the server must be asked. */
  IN_DOUBT,
  /** Something that can't move to another backend. */
  PINNED
}
