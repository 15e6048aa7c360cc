/** HikariCP manages wire connections: the only package of core and the protocols with java.sql. */
@NullMarked
package dev.pooler.core.pool.hikari;

import org.jspecify.annotations.NullMarked;
