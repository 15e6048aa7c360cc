/** Bytes from one leg to the other: reply queue, back-pressure, one flush per turn. */
@NullMarked
package dev.pooler.core.relay;

import org.jspecify.annotations.NullMarked;
