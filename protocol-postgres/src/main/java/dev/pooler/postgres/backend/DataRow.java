package dev.pooler.postgres.backend;

import dev.pooler.core.wire.ProtocolViolation;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** The body of a DataRow that answers a question of ours (manual, "Message Formats"). */
final class DataRow {
  private DataRow() {}

  /**
   * Text columns, null for NULL.
   *
   * @throws ProtocolViolation if a length does not fit the message
   */
  static @Nullable String[] read(ByteBuf in, int index, int end) {
    int at = index + 2;
    if (at > end) {
      throw new ProtocolViolation("a DataRow without a column count");
    }
    @Nullable String[] columns = new String[in.getUnsignedShort(index)];
    for (int i = 0; i < columns.length; i++) {
      if (end - at < 4) {
        throw new ProtocolViolation("a DataRow ends before its last column");
      }
      int length = in.getInt(at);
      at += 4;
      if (length > end - at || length < -1) {
        throw new ProtocolViolation("a column is longer than its DataRow");
      }
      if (length >= 0) {
        columns[i] = in.toString(at, length, StandardCharsets.UTF_8);
        at += length;
      }
    }
    return columns;
  }
}
