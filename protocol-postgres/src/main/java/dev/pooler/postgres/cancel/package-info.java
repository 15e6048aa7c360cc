/** Cancel keys and requests. */
@NullMarked
package dev.pooler.postgres.cancel;

import org.jspecify.annotations.NullMarked;
