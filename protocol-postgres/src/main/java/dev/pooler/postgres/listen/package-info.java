/** LISTEN for all sessions of a pool over one backend of its own. */
@NullMarked
package dev.pooler.postgres.listen;

import org.jspecify.annotations.NullMarked;
