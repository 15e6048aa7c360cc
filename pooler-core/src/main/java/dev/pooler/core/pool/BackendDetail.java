package dev.pooler.core.pool;

import java.net.SocketAddress;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a backend, for the administrator.
 *
 * @param serverId the server's own number of it (PostgreSQL's process id), or 0
 * @param remote where the server is; null once closed
 * @param preparedStatements how many it has
 */
public record BackendDetail(
    long id,
    int serverId,
    @Nullable SocketAddress remote,
    @Nullable SocketAddress local,
    boolean tls,
    Instant connected,
    int preparedStatements) {}
