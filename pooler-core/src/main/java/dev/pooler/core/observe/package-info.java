/** What event loops count without a lock, for metrics and the console to read. */
@NullMarked
package dev.pooler.core.observe;

import org.jspecify.annotations.NullMarked;
