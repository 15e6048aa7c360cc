/** Frame format, readers and writers of message bodies. */
@NullMarked
package dev.pooler.postgres.codec;

import org.jspecify.annotations.NullMarked;
