package dev.pooler.core.protocol;

import dev.pooler.core.config.Secret;

/**
 * Reads secrets from where the configuration says. Blocks on files and programs: never on an event
 * loop. Both throw IllegalStateException with the cause where there is none.
 */
public interface Secrets {
  /** Read now; the answer of a command may be as old as its refresh time. */
  String get(Secret secret);

  /** Read now in any case: what {@link #get} gave was refused. */
  String fresh(Secret secret);
}
