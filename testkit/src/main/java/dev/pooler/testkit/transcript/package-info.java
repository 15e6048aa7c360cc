/** Conversations as text, replayed whole, split and byte by byte. */
@NullMarked
package dev.pooler.testkit.transcript;

import org.jspecify.annotations.NullMarked;
