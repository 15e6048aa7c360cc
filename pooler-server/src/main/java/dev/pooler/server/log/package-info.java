/** Log lines for people and for machines. */
@NullMarked
package dev.pooler.server.log;

import org.jspecify.annotations.NullMarked;
