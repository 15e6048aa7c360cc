/** The client leg. */
@NullMarked
package dev.pooler.mysql.client;

import org.jspecify.annotations.NullMarked;
