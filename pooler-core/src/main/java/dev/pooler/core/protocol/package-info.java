/** What a protocol offers to the server, and what the server offers to it. */
@NullMarked
package dev.pooler.core.protocol;

import org.jspecify.annotations.NullMarked;
