/** What it costs to get a backend and to give it back. */
@NullMarked
package dev.pooler.benchmarks.pool;

import org.jspecify.annotations.NullMarked;
