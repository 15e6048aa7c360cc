package dev.pooler.mysql.auth;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * An ERR packet in answer to a login, or instead of a greeting (then without an SQLSTATE: the
 * server doesn't know yet what we can read).
 *
 * @param sqlState HY000 where none was sent
 */
public record ServerRefusal(RefusalKind kind, int errno, String sqlState, String message) {
  private static final int HEADER = 0xff;
  private static final int SQL_STATE_BYTES = 5;

  /**
   * ERR_Packet (MySQL 9.7 protocol documentation): 0xff, error number, and from a server that knows
   * our capabilities '#' and the SQLSTATE.
   *
   * @return null if it is no ERR packet or too short to be one
   */
  public static @Nullable ServerRefusal read(byte[] payload) {
    if (payload.length < 3 || (payload[0] & 0xff) != HEADER) {
      return null;
    }
    int errno = (payload[1] & 0xff) | ((payload[2] & 0xff) << 8);
    boolean hasState = payload.length >= 4 + SQL_STATE_BYTES && payload[3] == '#';
    String state =
        hasState ? new String(payload, 4, SQL_STATE_BYTES, StandardCharsets.ISO_8859_1) : "HY000";
    int text = hasState ? 4 + SQL_STATE_BYTES : 3;
    return new ServerRefusal(
        RefusalKind.of(errno),
        errno,
        state,
        new String(payload, text, payload.length - text, StandardCharsets.UTF_8));
  }
}
