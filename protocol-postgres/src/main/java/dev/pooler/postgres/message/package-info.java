/** Control messages as records, and the constants of the protocol. */
@NullMarked
package dev.pooler.postgres.message;

import org.jspecify.annotations.NullMarked;
