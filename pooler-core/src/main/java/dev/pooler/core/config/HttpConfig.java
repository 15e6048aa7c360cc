package dev.pooler.core.config;

import org.jspecify.annotations.Nullable;

/**
 * Where metrics and health are served.
 *
 * @param token what POST requests must carry as a bearer token, or null
 */
public record HttpConfig(TcpAddress address, @Nullable Secret token) {}
