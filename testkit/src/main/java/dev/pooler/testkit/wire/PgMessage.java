package dev.pooler.testkit.wire;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A message of a server, whole. {@code toString} is meant for the text of a failed assertion. */
public final class PgMessage {
  private final char type;
  private final byte[] body;

  PgMessage(char type, byte[] body) {
    this.type = type;
    this.body = body;
  }

  /** The letter, PostgreSQL manual "Message Formats". */
  public char type() {
    return type;
  }

  /** Without type and length. */
  public byte[] body() {
    return body.clone();
  }

  public boolean isError() {
    return type == 'E';
  }

  /** The body's first four bytes: an authentication request's code, a process id, an OID. */
  public int firstInt() {
    return ByteBuffer.wrap(body).getInt();
  }

  /** A field of an ErrorResponse or NoticeResponse ('C' is the SQLSTATE), or "" without it. */
  public String field(char name) {
    int at = 0;
    while (at < body.length && body[at] != 0) {
      String value = stringAt(at + 1);
      if (body[at] == name) {
        return value;
      }
      at += 2 + value.getBytes(StandardCharsets.UTF_8).length;
    }
    return "";
  }

  public String sqlState() {
    return field('C');
  }

  /** A ParameterStatus' name and value, a CommandComplete's tag: the zero-terminated strings. */
  public List<String> strings() {
    List<String> all = new ArrayList<>();
    for (int at = 0; at < body.length; ) {
      String value = stringAt(at);
      all.add(value);
      at += 1 + value.getBytes(StandardCharsets.UTF_8).length;
    }
    return all;
  }

  /** The columns of a DataRow as text. */
  public List<@Nullable String> row() {
    ByteBuffer in = ByteBuffer.wrap(body);
    List<@Nullable String> columns = new ArrayList<>();
    for (int left = in.getShort(); left > 0; left--) {
      int length = in.getInt();
      if (length < 0) {
        columns.add(null);
      } else {
        columns.add(new String(body, in.position(), length, StandardCharsets.UTF_8));
        in.position(in.position() + length);
      }
    }
    return columns;
  }

  private String stringAt(int from) {
    int end = from;
    while (end < body.length && body[end] != 0) {
      end++;
    }
    return new String(body, from, end - from, StandardCharsets.UTF_8);
  }

  @Override
  public String toString() {
    return type == 'E' || type == 'N'
        ? type + "(" + field('S') + " " + sqlState() + " " + field('M') + ")"
        : type + "[" + body.length + "]";
  }
}
