package dev.pooler.mysql.auth;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Protocol::AuthSwitchRequest (MySQL 9.7): 0xfe, the plugin's name and a NUL, and data for that
 * plugin to the packet's end. A lone 0xfe is Protocol::OldAuthSwitchRequest and none of these.
 */
@SuppressWarnings("ArrayRecordComponent") // used once and never compared
record AuthSwitch(String plugin, byte[] data) {
  static final int HEADER = 0xfe;

  /** Longer than any plugin's name. */
  private static final int MAX_NAME = 64;

  /** Longer than what any plugin that we know sends with it. */
  private static final int MAX_DATA = 256;

  /** Null where it can't be one. */
  static @Nullable AuthSwitch read(byte[] payload) {
    int end = 1;
    while (end < payload.length && end <= MAX_NAME && payload[end] != 0) {
      end++;
    }
    if (end == 1 || end >= payload.length || payload[end] != 0) {
      return null;
    }
    if (payload.length - end - 1 > MAX_DATA) {
      return null;
    }
    return new AuthSwitch(
        new String(payload, 1, end - 1, StandardCharsets.ISO_8859_1),
        Arrays.copyOfRange(payload, end + 1, payload.length));
  }

  /** What was sent as a name, fit for a log. */
  String printable() {
    return plugin.replaceAll("[^A-Za-z0-9_.-]", "?");
  }
}
