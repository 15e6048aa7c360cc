package dev.pooler.core.config;

import java.time.Duration;

/**
 * Bounds of the whole process.
 *
 * @param clients most client connections at once
 * @param memoryBytes what buffered client and backend bytes may take in all
 * @param sessionMemoryBytes what sessions may have kept beyond their transactions, in all
 * @param drain longest time a drain waits for running transactions
 * @param user of each user without one of its own
 */
public record LimitsConfig(
    int clients, long memoryBytes, long sessionMemoryBytes, Duration drain, QuotaConfig user) {

  /** Without limits of users. */
  public LimitsConfig(int clients, long memoryBytes, long sessionMemoryBytes, Duration drain) {
    this(clients, memoryBytes, sessionMemoryBytes, drain, QuotaConfig.NONE);
  }
}
