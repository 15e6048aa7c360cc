package dev.pooler.core.protocol;

import dev.pooler.core.config.PoolerConfig;
import dev.pooler.core.console.Console;
import dev.pooler.core.observe.SessionCounters;
import dev.pooler.core.pool.PoolDirectory;
import dev.pooler.core.session.SessionLimits;
import dev.pooler.core.session.SessionRegistry;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * What the server gives to a protocol.
 *
 * @param config as it is at the start
 * @param loginTimeout from a client's accept to the end of its authentication, while the database
 *     is not known; may change with a reload
 * @param draining no new sessions are taken
 */
public record ServerSide(
    Transport transport,
    PoolDirectory pools,
    SessionRegistry sessions,
    SessionLimits limits,
    SessionCounters counters,
    PoolerConfig config,
    Secrets secrets,
    Supplier<Duration> loginTimeout,
    Console console,
    BooleanSupplier draining) {}
