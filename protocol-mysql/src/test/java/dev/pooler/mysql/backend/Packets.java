package dev.pooler.mysql.backend;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Packets as a server writes them, numbered one after the other. */
final class Packets {
  static final int AUTOCOMMIT = 2;
  static final int MORE = 8;
  static final int CURSOR = 0x40;
  static final int LAST_ROW = 0x80;
  static final int OUT = 0x1000;
  static final int CHANGED = 0x4000;

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private int sequence;

  Packets() {
    this(1);
  }

  Packets(int sequence) {
    this.sequence = sequence;
  }

  byte[] toBytes() {
    return bytes.toByteArray();
  }

  /** The next packet's. */
  int sequence() {
    return sequence & 0xff;
  }

  /** A payload in as many packets as it takes. */
  Packets payload(byte... payload) {
    int from = 0;
    int part;
    do {
      part = Math.min(payload.length - from, 0xffffff);
      packet(Arrays.copyOfRange(payload, from, from + part));
      from += part;
    } while (part == 0xffffff);
    return this;
  }

  /** One packet, whatever is in it. */
  Packets packet(byte... payload) {
    bytes.write(payload.length);
    bytes.write(payload.length >> 8);
    bytes.write(payload.length >> 16);
    bytes.write(sequence++);
    bytes.writeBytes(payload);
    return this;
  }

  Packets ok(int status) {
    return ok(0, 0, 0, status, 0, "");
  }

  /** As net_send_ok writes it: the info is left out if it is empty. */
  Packets ok(int header, long affected, long id, int status, int warnings, String info) {
    ByteBuf out = okHead(header, affected, id, status, warnings);
    if (!info.isEmpty()) {
      text(out, info);
    }
    return payload(taken(out));
  }

  /** With SESSION_STATE_CHANGED and what changed. */
  Packets okChanged(int header, int status, String info, byte... changes) {
    ByteBuf out = okHead(header, 3, 70_000, status | CHANGED, 1);
    text(out, info);
    number(out, changes.length);
    out.writeBytes(changes);
    return payload(taken(out));
  }

  private static ByteBuf okHead(int header, long affected, long id, int status, int warnings) {
    ByteBuf out = Unpooled.buffer().writeByte(header);
    number(out, affected);
    number(out, id);
    return out.writeShortLE(status).writeShortLE(warnings);
  }

  /** A true one. */
  Packets eof(int status) {
    return eof(status, 0);
  }

  Packets eof(int status, int warnings) {
    return payload(
        taken(Unpooled.buffer().writeByte(0xfe).writeShortLE(warnings).writeShortLE(status)));
  }

  Packets err(int code, String message) {
    ByteBuf out = Unpooled.buffer().writeByte(0xff).writeShortLE(code);
    out.writeCharSequence("#HY000" + message, StandardCharsets.US_ASCII);
    return payload(taken(out));
  }

  Packets progress() {
    ByteBuf out = Unpooled.buffer().writeByte(0xff).writeShortLE(0xffff);
    out.writeByte(1).writeByte(1).writeByte(2).writeMediumLE(50_000);
    text(out, "copying");
    return payload(taken(out));
  }

  Packets count(long columns, int... metadata) {
    ByteBuf out = Unpooled.buffer();
    number(out, columns);
    for (int follows : metadata) {
      out.writeByte(follows);
    }
    return payload(taken(out));
  }

  Packets definitions(int count) {
    for (int i = 0; i < count; i++) {
      definition("c" + i);
    }
    return this;
  }

  Packets definition(String name) {
    ByteBuf out = Unpooled.buffer();
    for (String part : new String[] {"def", "s", "t", "t", name, name}) {
      text(out, part);
    }
    out.writeByte(12).writeShortLE(45).writeIntLE(80).writeByte(0xfd).writeShortLE(0);
    return payload(taken(out.writeByte(0).writeShortLE(0)));
  }

  /** Null is NULL. */
  Packets textRow(@Nullable String... columns) {
    ByteBuf out = Unpooled.buffer();
    for (@Nullable String column : columns) {
      if (column == null) {
        out.writeByte(0xfb);
      } else {
        text(out, column);
      }
    }
    return payload(taken(out));
  }

  /** One column of text. */
  Packets binaryRow(String column) {
    ByteBuf out = Unpooled.buffer().writeByte(0).writeByte(0);
    text(out, column);
    return payload(taken(out));
  }

  Packets prepared(int id, int columns, int parameters, int... metadata) {
    ByteBuf out = Unpooled.buffer().writeByte(0).writeIntLE(id);
    out.writeShortLE(columns).writeShortLE(parameters).writeByte(0).writeShortLE(0);
    for (int follows : metadata) {
      out.writeByte(follows);
    }
    return payload(taken(out));
  }

  Packets fileRequest(String name) {
    return payload(("\u00fb" + name).getBytes(StandardCharsets.ISO_8859_1));
  }

  private static void text(ByteBuf out, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    number(out, bytes.length);
    out.writeBytes(bytes);
  }

  private static void number(ByteBuf out, long number) {
    if (number >= 0 && number < 251) {
      out.writeByte((int) number);
    } else if (number >= 0 && number < 1 << 16) {
      out.writeByte(0xfc).writeShortLE((int) number);
    } else if (number >= 0 && number < 1 << 24) {
      out.writeByte(0xfd).writeMediumLE((int) number);
    } else {
      out.writeByte(0xfe).writeLongLE(number);
    }
  }

  private static byte[] taken(ByteBuf out) {
    byte[] taken = new byte[out.readableBytes()];
    out.readBytes(taken);
    return taken;
  }
}
