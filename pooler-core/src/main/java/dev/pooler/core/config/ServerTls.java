package dev.pooler.core.config;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What a listener shows to clients that ask for TLS: PEM files, the certificate with its chain.
 *
 * @param ca who signs the certificates of clients, with {@link Auth#CERT}; or null
 */
public record ServerTls(Path cert, Path key, @Nullable Path ca) {}
