package dev.pooler.postgres.client;

import java.time.Instant;

/**
 * Who a client is, for the administrator.
 *
 * @param user as authenticated; backends may have another
 * @param database as asked for
 * @param connected when it was accepted
 */
record Login(String user, String database, Instant connected) {}
