/** Authentication exchanges of both sides, free of channels. */
@NullMarked
package dev.pooler.postgres.auth;

import org.jspecify.annotations.NullMarked;
