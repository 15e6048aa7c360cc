package dev.pooler.mysql.auth;

/**
 * Who says to be whom.
 *
 * @param host where the client comes from, as an error text names it: an address, or localhost
 */
public record ClientLogin(String user, String host, Line line) {}
