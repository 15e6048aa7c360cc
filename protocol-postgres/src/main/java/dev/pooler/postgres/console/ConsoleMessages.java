package dev.pooler.postgres.console;

import dev.pooler.core.console.Answer.Notice;
import dev.pooler.core.console.Column;
import dev.pooler.postgres.message.BackendType;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes tables as a server writes them (manual, "Message Formats"). */
final class ConsoleMessages {
  private static final int TEXT_OID = 25;
  private static final int INT4_OID = 23;
  private static final int NUMERIC_OID = 1700;
  private static final int NUMERIC_BASE = 10_000;

  private ConsoleMessages() {}

  /** A message without a body: ParseComplete and its like. */
  static void bare(ByteBuf out, int type) {
    out.writeByte(type).writeInt(4);
  }

  static void noParameters(ByteBuf out) {
    out.writeByte(BackendType.PARAMETER_DESCRIPTION).writeInt(6).writeShort(0);
  }

  static void rowDescription(ByteBuf out, List<Column> columns, Formats formats) {
    int start = begin(out, BackendType.ROW_DESCRIPTION);
    out.writeShort(columns.size());
    for (int i = 0; i < columns.size(); i++) {
      Column column = columns.get(i);
      string(out, column.name());
      out.writeInt(0).writeShort(0);
      switch (column.type()) {
        case TEXT -> out.writeInt(TEXT_OID).writeShort(-1);
        case INTEGER -> out.writeInt(INT4_OID).writeShort(4);
        case NUMERIC -> out.writeInt(NUMERIC_OID).writeShort(-1);
      }
      out.writeInt(-1).writeShort(formats.binary(i) ? 1 : 0);
    }
    end(out, start);
  }

  static void dataRow(
      ByteBuf out, List<Column> columns, List<@Nullable Object> row, Formats formats) {
    int start = begin(out, BackendType.DATA_ROW);
    out.writeShort(row.size());
    for (int i = 0; i < row.size(); i++) {
      Object value = row.get(i);
      if (value == null) {
        out.writeInt(-1);
      } else {
        int length = out.writerIndex();
        out.writeInt(0);
        if (formats.binary(i)) {
          binary(out, columns.get(i).type(), value);
        } else {
          ByteBufUtil.writeUtf8(out, value.toString().replace('\0', ' '));
        }
        out.setInt(length, out.writerIndex() - length - Integer.BYTES);
      }
    }
    end(out, start);
  }

  private static void binary(ByteBuf out, Column.Type type, Object value) {
    switch (type) {
      case TEXT -> ByteBufUtil.writeUtf8(out, value.toString());
      case INTEGER -> out.writeInt(((Number) value).intValue());
      case NUMERIC -> numeric(out, ((Number) value).longValue());
    }
  }

  /**
   * A whole number as numeric_send has it: count of digits to base 10,000, weight of the first,
   * sign, scale, digits.
   */
  static void numeric(ByteBuf out, long value) {
    if (value == Long.MIN_VALUE) {
      throw new IllegalArgumentException("no counter gets there");
    }
    long rest = Math.abs(value);
    int[] digits = new int[5]; // 2^63 has 19 decimal digits
    int count = 0;
    while (rest > 0) {
      digits[count++] = (int) (rest % NUMERIC_BASE);
      rest /= NUMERIC_BASE;
    }
    out.writeShort(count).writeShort(Math.max(0, count - 1));
    out.writeShort(value < 0 ? 0x4000 : 0).writeShort(0);
    for (int i = count - 1; i >= 0; i--) {
      out.writeShort(digits[i]);
    }
  }

  static void commandComplete(ByteBuf out, String tag) {
    int start = begin(out, BackendType.COMMAND_COMPLETE);
    string(out, tag);
    end(out, start);
  }

  static void notice(ByteBuf out, Notice notice) {
    int start = begin(out, BackendType.NOTICE_RESPONSE);
    field(out, 'S', "NOTICE");
    field(out, 'V', "NOTICE");
    field(out, 'C', "00000");
    field(out, 'M', notice.message());
    if (notice.detail() != null) {
      field(out, 'D', notice.detail());
    }
    out.writeByte(0);
    end(out, start);
  }

  private static void field(ByteBuf out, char code, String text) {
    out.writeByte(code);
    string(out, text);
  }

  private static int begin(ByteBuf out, int type) {
    out.writeByte(type);
    int start = out.writerIndex();
    out.writeInt(0);
    return start;
  }

  private static void end(ByteBuf out, int start) {
    out.setInt(start, out.writerIndex() - start);
  }

  private static void string(ByteBuf out, String text) {
    out.writeBytes(text.replace('\0', ' ').getBytes(StandardCharsets.UTF_8)).writeByte(0);
  }
}
