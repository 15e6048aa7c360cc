/** Real PostgreSQL and MariaDB servers from their Maven artifacts. */
@NullMarked
package dev.pooler.testkit.server;

import org.jspecify.annotations.NullMarked;
