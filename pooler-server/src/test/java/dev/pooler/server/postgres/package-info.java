/** Pooler in this process, in front of a real PostgreSQL. */
@NullMarked
package dev.pooler.server.postgres;

import org.jspecify.annotations.NullMarked;
