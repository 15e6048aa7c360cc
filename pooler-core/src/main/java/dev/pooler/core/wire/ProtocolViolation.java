package dev.pooler.core.wire;

/**
 * The peer broke the protocol: its leg is closed. Stackless, because a hostile peer can cause as
 * many as it likes.
 */
public final class ProtocolViolation extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public ProtocolViolation(String message) {
    super(message, null, false, false);
  }
}
