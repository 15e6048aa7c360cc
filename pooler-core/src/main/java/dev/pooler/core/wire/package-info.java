/** Frames on the wire: walked by their headers, never decoded here. */
@NullMarked
package dev.pooler.core.wire;

import org.jspecify.annotations.NullMarked;
