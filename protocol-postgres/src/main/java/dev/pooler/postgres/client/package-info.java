/** The client leg: start-up, and the state machine of a session. */
@NullMarked
package dev.pooler.postgres.client;

import org.jspecify.annotations.NullMarked;
