package dev.pooler.postgres.listen;

import dev.pooler.core.wire.ProtocolViolation;
import dev.pooler.postgres.codec.PgFrameFormat;
import dev.pooler.postgres.message.BackendType;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * One NotificationResponse (manual, "Message Formats"): who spoke, on which channel, what. Equal
 * where the server's words are.
 */
public final class Notification implements Tidings {
  /** The longest there is: a payload takes less than a page of 32 KiB, and a name 63 bytes. */
  public static final int LONGEST = 64 * 1024;

  /** Length, process id, and two texts that are empty. */
  public static final int SHORTEST = 1 + 4 + 4 + 2;

  private final int processId;
  private final int told;
  private final String channel;

  /** Channel and payload with their zeros, as they came. */
  private final byte[] words;

  private Notification(int processId, int told, String channel, byte[] words) {
    this.processId = processId;
    this.told = told;
    this.channel = channel;
    this.words = words;
  }

  /**
   * Reads the message from {@code index}, header included.
   *
   * @param speakers whose process ids clients know by others
   * @throws ProtocolViolation if it does not hold together
   */
  public static Notification read(ByteBuf in, int index, int length, Speakers.At speakers) {
    int name = index + PgFrameFormat.HEADER + Integer.BYTES;
    int end = index + length;
    int zero = name < end ? in.indexOf(name, end, (byte) 0) : -1;
    if (zero < 0 || in.getByte(end - 1) != 0 || zero == end - 1) {
      throw new ProtocolViolation("a NotificationResponse without channel and payload");
    }
    int processId = in.getInt(index + PgFrameFormat.HEADER);
    return new Notification(
        processId,
        speakers.told(processId),
        in.toString(name, zero - name, StandardCharsets.UTF_8),
        ByteBufUtil.getBytes(in, name, end - name));
  }

  /** The server's process that spoke. */
  public int processId() {
    return processId;
  }

  public String channel() {
    return channel;
  }

  public String payload() {
    int from = channel.getBytes(StandardCharsets.UTF_8).length + 1;
    return new String(words, from, words.length - from - 1, StandardCharsets.UTF_8);
  }

  @Override
  public int length() {
    return PgFrameFormat.HEADER + Integer.BYTES + words.length;
  }

  /** A session does not hear itself this way: an id of its own is somebody else's by now. */
  @Override
  public void write(ByteBuf out, int reader) {
    out.writeByte(BackendType.NOTIFICATION_RESPONSE).writeInt(length() - 1);
    out.writeInt(told == reader ? processId : told).writeBytes(words);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Notification that
        && processId == that.processId
        && Arrays.equals(words, that.words);
  }

  @Override
  public int hashCode() {
    return 31 * processId + Arrays.hashCode(words);
  }

  @Override
  public String toString() {
    return processId + " " + channel + " " + payload();
  }
}
