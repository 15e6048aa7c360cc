/** Metric names in one place, with a default that does nothing. */
@NullMarked
package dev.pooler.core.observe;

import org.jspecify.annotations.NullMarked;
