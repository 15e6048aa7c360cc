package dev.pooler.core.session;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Why a session keeps its backend, since when, and what it had just said.
 *
 * @param reason the label of a PinReason
 * @param statement the first hundred characters of the statement that did it, or null where none is
 *     known; may hold what only administrators should read
 */
public record Pin(String reason, Instant since, @Nullable String statement) {}
