/** Backends and leases: acquire, lease, release, and the reasons for each. */
@NullMarked
package dev.pooler.core.pool;

import org.jspecify.annotations.NullMarked;
