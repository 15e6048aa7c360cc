package dev.pooler.mysql.codec;

import dev.pooler.core.wire.ProtocolViolation;

/**
 * Which packets of one direction begin a payload, and whether their sequence ids count on (MySQL
 * 9.7 protocol documentation, "Sequence ID"). The ids run through both directions of an exchange:
 * an answer begins with the id behind its command's last, each command with 0, and behind 255 comes
 * 0.
 *
 * <p>Confined to one thread. {@link #begins} is pure, so a sink's header() may ask it.
 */
public final class PayloadSequence {
  private boolean continuing;
  private int next;
  private long payload;

  /** True if the next packet begins a payload, false if it goes on with one. */
  public boolean begins() {
    return !continuing;
  }

  /** The next packet's sequence id, 0 to 255. */
  public int next() {
    return next;
  }

  /** The bytes of the payload so far, or of the last one where the next packet begins another. */
  public long payload() {
    return payload;
  }

  /** The next packet begins an exchange, or goes on with the other direction's. */
  public void restart(int sequenceId) {
    next = sequenceId & 0xff;
    continuing = false;
  }

  /**
   * A packet comes.
   *
   * @param sequenceId of its header
   * @param length the packet's, header included
   * @throws ProtocolViolation if packets are missing, doubled or out of order
   */
  public void passed(int sequenceId, long length) {
    if (sequenceId != next) {
      throw new ProtocolViolation(
          "packets out of order: sequence id " + sequenceId + " instead of " + next);
    }
    payload = (continuing ? payload : 0) + PacketFormat.payload(length);
    next = sequenceId + 1 & 0xff;
    continuing = PacketFormat.continues(length);
  }
}
