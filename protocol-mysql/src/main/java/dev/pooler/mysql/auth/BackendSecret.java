package dev.pooler.mysql.auth;

/** What we log in with at a backend. */
public sealed interface BackendSecret permits Password, NoSecret {}
