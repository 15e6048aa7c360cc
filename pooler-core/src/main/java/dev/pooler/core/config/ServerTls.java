package dev.pooler.core.config;

import java.nio.file.Path;

/** What a listener shows to clients that ask for TLS: PEM files, the certificate with its chain. */
public record ServerTls(Path cert, Path key) {}
