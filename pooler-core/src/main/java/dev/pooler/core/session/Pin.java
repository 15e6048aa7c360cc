package dev.pooler.core.session;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Why a session keeps its backend, since when, and what it had just said.
 *
 * @param reason the label of a PinReason
 * @param statement the first hundred characters of the statement that did it, or null where none is
 *     known; string constants in it are masked for all but its own client
 */
public record Pin(String reason, Instant since, @Nullable String statement) {}
