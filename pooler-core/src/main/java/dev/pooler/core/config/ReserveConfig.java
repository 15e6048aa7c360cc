package dev.pooler.core.config;

import java.time.Duration;

/**
 * Backends beyond a pool's size, for as long as its sessions wait too long for one.
 *
 * @param size how many; 0: none
 * @param after how long a session has waited when they are opened; never zero
 */
public record ReserveConfig(int size, Duration after) {
  public static final ReserveConfig NONE = new ReserveConfig(0, Duration.ofSeconds(5));
}
