/** JMH benchmarks of walker, scanner and pool. */
@NullMarked
package dev.pooler.benchmarks;

import org.jspecify.annotations.NullMarked;
