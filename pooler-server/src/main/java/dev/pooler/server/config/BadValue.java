package dev.pooler.server.config;

/**
 * A text that is not of its type; the message says what is allowed. Stackless: it never leaves the
 * reader.
 */
final class BadValue extends Exception {
  private static final long serialVersionUID = 1L;

  BadValue(String message) {
    super(message, null, false, false);
  }

  String reason() {
    String message = getMessage();
    return message == null ? "" : message;
  }
}
