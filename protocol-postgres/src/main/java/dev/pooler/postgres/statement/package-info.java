/** What PostgreSQL's SQL text says about session state. */
@NullMarked
package dev.pooler.postgres.statement;

import org.jspecify.annotations.NullMarked;
