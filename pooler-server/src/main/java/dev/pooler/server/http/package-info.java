/** Metrics, health and pools over HTTP. */
@NullMarked
package dev.pooler.server.http;

import org.jspecify.annotations.NullMarked;
