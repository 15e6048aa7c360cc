package dev.pooler.postgres.auth;

/** What we log in with at a backend. */
public sealed interface BackendSecret permits Password, PassedKeys, NoSecret {}
