package dev.pooler.postgres.client;

import dev.pooler.core.config.TimeoutsConfig;
import java.time.Instant;

/**
 * Who a client is, for the administrator.
 *
 * @param user as authenticated; backends may have another
 * @param database as asked for
 * @param connected when it was accepted
 * @param timeouts of the database's entry
 * @param policy of the database's entry
 */
record Login(
    String user,
    String database,
    Instant connected,
    TimeoutsConfig timeouts,
    StatementPolicy policy) {}
