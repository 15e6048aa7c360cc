/** What the console asks of this server. */
@NullMarked
package dev.pooler.server.console;

import org.jspecify.annotations.NullMarked;
