/** What MySQL's SQL text says about session state. */
@NullMarked
package dev.pooler.mysql.statement;

import org.jspecify.annotations.NullMarked;
