package dev.pooler.postgres.simulation;

import dev.pooler.testkit.simulation.ByteQueue;
import dev.pooler.testkit.simulation.SimulationFailure;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** One message of either direction, as scripts write and read it. */
@SuppressWarnings("ArrayRecordComponent") // compared by sameAs only
record Message(char type, byte[] body) {
  private static final int HEADER = 5;

  /** Writes a body. */
  interface Body {
    void write(DataOutputStream out) throws IOException;
  }

  static Message of(char type, Body body) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      body.write(new DataOutputStream(bytes));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new Message(type, bytes.toByteArray());
  }

  static Message of(char type, String... strings) {
    return of(
        type,
        out -> {
          for (String string : strings) {
            string(out, string);
          }
        });
  }

  static void string(DataOutputStream out, String text) throws IOException {
    out.write(text.getBytes(StandardCharsets.UTF_8));
    out.writeByte(0);
  }

  /** The next whole message in {@code in}, or null if it has not fully arrived. */
  static Message take(ByteQueue in) {
    if (in.size() < HEADER) {
      return null;
    }
    int length = in.intAt(1);
    if (length < 4 || in.at(0) < '1') {
      throw new SimulationFailure("out of step: type " + in.at(0) + ", length " + length);
    }
    if (in.size() < length + 1) {
      return null;
    }
    char type = (char) in.at(0);
    in.take(HEADER);
    return new Message(type, in.take(length - 4));
  }

  void addTo(ByteQueue out) {
    int length = body.length + 4;
    out.add(
        new byte[] {
          (byte) type,
          (byte) (length >>> 24),
          (byte) (length >>> 16),
          (byte) (length >>> 8),
          (byte) length
        });
    out.add(body);
  }

  /** The zero-ended string that begins at {@code offset}. */
  String string(int offset) {
    int end = offset;
    while (body[end] != 0) {
      end++;
    }
    return new String(body, offset, end - offset, StandardCharsets.UTF_8);
  }

  /** A field of an ErrorResponse or NoticeResponse, or an empty string. */
  String field(char code) {
    int at = 0;
    while (body[at] != 0) {
      String text = string(at + 1);
      if (body[at] == code) {
        return text;
      }
      at += 2 + text.getBytes(StandardCharsets.UTF_8).length;
    }
    return "";
  }

  boolean sameAs(Message other) {
    return type == other.type && java.util.Arrays.equals(body, other.body);
  }

  @Override
  public String toString() {
    String text = new String(body, 0, Math.min(body.length, 80), StandardCharsets.ISO_8859_1);
    return "'" + type + "' [" + body.length + "] " + text.replaceAll("[^ -~]", ".");
  }
}
