/** PostgreSQL on the wire. */
@NullMarked
package dev.pooler.postgres;

import org.jspecify.annotations.NullMarked;
