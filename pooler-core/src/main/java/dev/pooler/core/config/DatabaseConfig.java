package dev.pooler.core.config;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A database name clients may ask for, and what stands behind it.
 *
 * @param name what clients ask for; {@link #ANY} is every name without an entry of its own
 * @param hosts the targets, in order of preference; at least one
 * @param database the name at the target, or null for the name the client asked for
 * @param user who backends log in as, or null for the client's own name
 * @param password of {@code user}, or null where the target asks for none
 * @param authQuery for users that the configuration does not name, or null
 * @param listenGap what listening sessions are told when notifications may have been lost
 * @param quota of each database, where the entry is for any
 * @param trustFunctions code that no text shows leaves nothing on a backend: the operator's word
 * @param replication whether and how often its targets may be replicated through us
 */
public record DatabaseConfig(
    String name,
    Protocol protocol,
    List<Address> hosts,
    @Nullable String database,
    @Nullable String user,
    @Nullable Secret password,
    ClientTls tls,
    PoolConfig pool,
    TimeoutsConfig timeouts,
    @Nullable AuthQueryConfig authQuery,
    QuotaConfig quota,
    boolean trustFunctions,
    ListenGap listenGap,
    ReplicationConfig replication) {
  public static final String ANY = "*";

  public DatabaseConfig {
    hosts = List.copyOf(hosts);
  }

  /** One without a quota that trusts nothing and allows no replication. */
  public DatabaseConfig(
      String name,
      Protocol protocol,
      List<Address> hosts,
      @Nullable String database,
      @Nullable String user,
      @Nullable Secret password,
      ClientTls tls,
      PoolConfig pool,
      TimeoutsConfig timeouts,
      @Nullable AuthQueryConfig authQuery,
      ListenGap listenGap) {
    this(
        name,
        protocol,
        hosts,
        database,
        user,
        password,
        tls,
        pool,
        timeouts,
        authQuery,
        QuotaConfig.NONE,
        false,
        listenGap,
        ReplicationConfig.NONE);
  }

  public boolean isAny() {
    return name.equals(ANY);
  }
}
