package dev.pooler.core.config;

import java.util.Map;

/**
 * What sessions of a database may be pinned for.
 *
 * @param policies by the label of a PinReason; a reason that is not there pins
 * @param notice clients are told when they become pinned
 */
public record PinsConfig(Map<String, PinPolicy> policies, boolean notice) {
  public static final PinsConfig NONE = new PinsConfig(Map.of(), false);

  public PinsConfig {
    policies = Map.copyOf(policies);
  }

  public PinPolicy policy(String label) {
    return policies.getOrDefault(label, PinPolicy.PIN);
  }
}
