package dev.pooler.core.protocol;

import dev.pooler.core.config.DatabaseConfig;
import dev.pooler.core.config.ListenerConfig;
import dev.pooler.core.config.PoolKey;
import dev.pooler.core.config.Protocol;
import dev.pooler.core.config.UserConfig;
import dev.pooler.core.pool.BackendConnector;
import io.netty.channel.Channel;
import java.util.List;
import java.util.function.Consumer;

/**
 * A database protocol, as the server sees it: the one interface a protocol module implements. It is
 * found as a service; a third protocol means another module and nothing else.
 */
public interface WireProtocol {
  /** The protocol's name in the configuration. */
  Protocol protocol();

  /** The protocol at work in one server. Any thread; called once for each server. */
  Running start(ServerSide server);

  /** A protocol at work. Methods may be called from any thread. */
  interface Running {
    /**
     * Prepares the channels that a listener accepts; the result is called on their loops.
     *
     * @throws IllegalArgumentException if a certificate or key can't be used; the text says which
     */
    Consumer<Channel> clients(ListenerConfig listener);

    /**
     * Makes the backends of a pool.
     *
     * @throws IllegalArgumentException if a certificate or key can't be used; the text says which
     */
    BackendConnector backends(PoolKey key, DatabaseConfig database);

    /** The configuration was read again: these are the users, and targets may be others. */
    void reload(List<UserConfig> users);
  }
}
