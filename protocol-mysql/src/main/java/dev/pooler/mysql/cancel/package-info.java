/** KILL QUERY on behalf of a client. */
@NullMarked
package dev.pooler.mysql.cancel;

import org.jspecify.annotations.NullMarked;
