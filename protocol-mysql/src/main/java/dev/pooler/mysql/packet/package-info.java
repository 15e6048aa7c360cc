/** Packets, payloads, commands and responses. */
@NullMarked
package dev.pooler.mysql.packet;

import org.jspecify.annotations.NullMarked;
