/** Fuzz targets' corpora, replayed by tests. */
@NullMarked
package dev.pooler.testkit.fuzz;

import org.jspecify.annotations.NullMarked;
