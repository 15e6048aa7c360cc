package dev.pooler.core.pool;

/**
 * The settings that a session wants on whichever backend it gets. Immutable and interned by its
 * protocol, so that equal settings are the same object.
 */
public interface SessionSettings {}
