package dev.pooler.postgres.auth;

/** Nothing is configured: right for backends that use trust, peer, ident or a TLS certificate. */
public record NoSecret() implements BackendSecret {}
