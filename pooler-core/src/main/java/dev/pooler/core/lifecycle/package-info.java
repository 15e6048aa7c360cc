/** Drain and the janitor's tick. */
@NullMarked
package dev.pooler.core.lifecycle;

import org.jspecify.annotations.NullMarked;
