package dev.pooler.core.config;

/**
 * What one database or one user may have at once. Zero: unbounded.
 *
 * @param backends over all pools
 */
public record QuotaConfig(int clients, int backends) {
  public static final QuotaConfig NONE = new QuotaConfig(0, 0);
}
