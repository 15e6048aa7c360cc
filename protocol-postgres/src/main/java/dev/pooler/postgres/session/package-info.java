/** Settings and footprint of a session. */
@NullMarked
package dev.pooler.postgres.session;

import org.jspecify.annotations.NullMarked;
