package dev.pooler.postgres.codec;

import dev.pooler.core.session.SqlFailure;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The fields of an ErrorResponse that we look at (manual, "Error and Notice Message Fields"). Any
 * of them may be missing: a server that is out of its mind must not be our end (CVE-2026-6666).
 */
public record ErrorFields(
    @Nullable String severity,
    @Nullable String sqlState,
    @Nullable String message,
    @Nullable String detail,
    @Nullable String hint,
    @Nullable String routine) {

  private static final int SQLSTATE = 5;

  /** Reads what of the body stands between {@code index} and {@code end}; it may be cut off. */
  public static ErrorFields read(ByteBuf in, int index, int end) {
    String localized = null;
    String severity = null;
    String state = null;
    String message = null;
    String detail = null;
    String hint = null;
    String routine = null;
    int at = index;
    while (at < end && in.getByte(at) != 0) {
      int zero = in.indexOf(at + 1, end, (byte) 0);
      int stop = zero < 0 ? end : zero;
      String text = in.toString(at + 1, stop - at - 1, StandardCharsets.UTF_8);
      switch (in.getByte(at)) {
        case 'S' -> localized = text;
        case 'V' -> severity = text;
        case 'C' -> state = text;
        case 'M' -> message = text;
        case 'D' -> detail = text;
        case 'H' -> hint = text;
        case 'R' -> routine = text;
        default -> {}
      }
      at = stop + 1;
    }
    return new ErrorFields(
        severity == null ? localized : severity, state, message, detail, hint, routine);
  }

  /** The connection ends with it. */
  public boolean fatal() {
    return "FATAL".equals(severity) || "PANIC".equals(severity);
  }

  /** The server process had no memory for what was asked. */
  public boolean outOfMemory() {
    return "53200".equals(sqlState);
  }

  /**
   * A prepared statement would give other columns than it was prepared with: it fails for ever. Its
   * text is translated and its SQLSTATE is that of much else, so it is told by where it comes from
   * (plancache.c).
   */
  public boolean outdatesPlans() {
    return "0A000".equals(sqlState) && "RevalidateCachedQuery".equals(routine);
  }

  /** The server's own words as a failure of ours. */
  public SqlFailure toFailure(boolean asFatal) {
    return new SqlFailure(
        asFatal,
        sqlState != null && sqlState.length() == SQLSTATE ? sqlState : "XX000",
        1105,
        Objects.requireNonNullElse(message, "the server sent an error without a message"),
        detail,
        hint);
  }
}
