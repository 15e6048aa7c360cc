package dev.pooler.mysql.auth;

/** Nothing is configured: right for accounts without a password, and for auth_socket. */
public record NoSecret() implements BackendSecret {}
