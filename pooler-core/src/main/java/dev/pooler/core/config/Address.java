package dev.pooler.core.config;

/**
 * Where a socket is: ours to listen on, or a target's. {@code toString} is the configuration's
 * form.
 */
public sealed interface Address permits UnixAddress, TcpAddress {}
