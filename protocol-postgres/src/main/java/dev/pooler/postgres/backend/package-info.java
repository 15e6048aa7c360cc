/** The backend leg: connect, TLS, log in, replies. */
@NullMarked
package dev.pooler.postgres.backend;

import org.jspecify.annotations.NullMarked;
