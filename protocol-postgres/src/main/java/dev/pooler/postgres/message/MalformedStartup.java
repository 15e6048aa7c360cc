package dev.pooler.postgres.message;

/** A start-up packet that can't be used; has no stack, because a stranger can cause it at will. */
final class MalformedStartup extends Exception {
  private final String sqlState;

  MalformedStartup(String sqlState, String text) {
    super(text, null, false, false);
    this.sqlState = sqlState;
  }

  StartupPacket.Malformed packet() {
    return new StartupPacket.Malformed(sqlState, String.valueOf(getMessage()));
  }
}
