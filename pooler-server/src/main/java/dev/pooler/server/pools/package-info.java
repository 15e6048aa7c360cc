/** The pools of a running server: made on demand, changed by a reload, closed by a drain. */
@NullMarked
package dev.pooler.server.pools;

import org.jspecify.annotations.NullMarked;
