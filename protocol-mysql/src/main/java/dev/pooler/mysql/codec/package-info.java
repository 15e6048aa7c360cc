/** Frame format, readers and writers. */
@NullMarked
package dev.pooler.mysql.codec;

import org.jspecify.annotations.NullMarked;
