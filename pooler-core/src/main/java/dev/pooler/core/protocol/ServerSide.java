package dev.pooler.core.protocol;

import dev.pooler.core.config.Secret;
import dev.pooler.core.config.UserConfig;
import dev.pooler.core.observe.SessionCounters;
import dev.pooler.core.pool.PoolDirectory;
import dev.pooler.core.session.SessionLimits;
import dev.pooler.core.session.SessionRegistry;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/**
 * What the server gives to a protocol.
 *
 * @param users who may log in where a listener asks for a password
 * @param secrets reads a secret, each time anew; throws IllegalStateException with the cause
 * @param draining no new sessions are taken
 */
public record ServerSide(
    Transport transport,
    PoolDirectory pools,
    SessionRegistry sessions,
    SessionLimits limits,
    SessionCounters counters,
    List<UserConfig> users,
    Function<Secret, String> secrets,
    BooleanSupplier draining) {}
