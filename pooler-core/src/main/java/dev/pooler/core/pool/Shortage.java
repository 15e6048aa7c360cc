package dev.pooler.core.pool;

/**
 * Why there is no backend for who waits, where it is not for the pool's own size.
 *
 * @param what in words
 * @param setting the key that allows more
 */
public record Shortage(String what, String setting) {}
