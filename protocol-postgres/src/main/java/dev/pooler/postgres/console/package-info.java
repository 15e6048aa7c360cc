/** The console in PostgreSQL's protocol. */
@NullMarked
package dev.pooler.postgres.console;

import org.jspecify.annotations.NullMarked;
