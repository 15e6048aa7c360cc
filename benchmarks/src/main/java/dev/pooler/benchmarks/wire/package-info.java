/** What it costs to walk a stream's frames. */
@NullMarked
package dev.pooler.benchmarks.wire;

import org.jspecify.annotations.NullMarked;
