/** What it costs to know what a statement does. */
@NullMarked
package dev.pooler.benchmarks.statement;

import org.jspecify.annotations.NullMarked;
