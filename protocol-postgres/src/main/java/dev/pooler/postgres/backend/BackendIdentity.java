package dev.pooler.postgres.backend;

import dev.pooler.postgres.cancel.CancelKey;
import org.jspecify.annotations.Nullable;

/**
 * What BackendKeyData said.
 *
 * @param key null where the server sent none, as some managed services do: then nothing can be
 *     cancelled
 */
record BackendIdentity(@Nullable CancelKey key) {
  /** The server's process id, or 0. */
  int processId() {
    return key == null ? 0 : key.processId();
  }
}
