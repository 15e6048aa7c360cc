package dev.pooler.core.protocol;

import dev.pooler.core.config.DatabaseConfig;
import dev.pooler.core.config.ListenerConfig;
import dev.pooler.core.config.PoolKey;
import dev.pooler.core.config.PoolerConfig;
import dev.pooler.core.config.Protocol;
import dev.pooler.core.pool.BackendConnector;
import io.netty.channel.Channel;
import java.util.function.Consumer;

/**
 * A database protocol, as the server sees it: the one interface a protocol module implements. It is
 * found as a service; a third protocol means another module and nothing else.
 */
public interface WireProtocol {
  /** The protocol's name in the configuration. */
  Protocol protocol();

  /**
   * The protocol at work in one server. Any thread; called once for each server.
   *
   * @throws IllegalStateException if a user's secret can't be had; the text says whose and why
   * @throws IllegalArgumentException if a certificate or key towards targets can't be used; the
   *     text says which
   */
  Running start(ServerSide server);

  /** A protocol at work. Methods may be called from any thread. */
  interface Running {
    /**
     * Prepares the channels that a listener accepts; the result is called on their loops.
     *
     * @throws IllegalArgumentException if a certificate or key can't be used; the text says which
     */
    Consumer<Channel> clients(ListenerConfig listener);

    /** Makes the backends of a pool. */
    BackendConnector backends(PoolKey key, DatabaseConfig database);

    /** A pool is no more, and no session has it: what was kept for it is not needed. */
    void forget(PoolKey pool);

    /**
     * The configuration was read again: reads the secrets, certificates and keys that it names, and
     * changes nothing before the result is run. Blocks on files and programs.
     *
     * @return puts them in use and forgets what was learned of the targets; does not fail
     * @throws IllegalStateException if a secret can't be had; the text says whose and why
     * @throws IllegalArgumentException if a certificate or key can't be used; the text says which
     */
    Runnable reload(PoolerConfig now);

    /** What was learned of the servers may be wrong from now on. */
    void forgetServers();
  }
}
