/** Sockets: the transport chosen at start, and the listeners. */
@NullMarked
package dev.pooler.server.io;

import org.jspecify.annotations.NullMarked;
