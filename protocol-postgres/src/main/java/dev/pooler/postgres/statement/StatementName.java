package dev.pooler.postgres.statement;

import dev.pooler.postgres.codec.PgFrameFormat;
import dev.pooler.postgres.message.Frontend;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/**
 * The name of a statement at backends, each of which is one object. What a backend holds is known
 * by it alone: a text that no session has any more is not kept for the backends that have parsed
 * it. Compared by identity.
 */
public final class StatementName {
  private final byte[] name;

  StatementName(String name) {
    this.name = name.getBytes(StandardCharsets.US_ASCII);
  }

  /** Bytes with the closing zero. */
  public int length() {
    return name.length + 1;
  }

  /** Without the zero, as in SQL text. */
  public void writeBare(ByteBuf out) {
    out.writeBytes(name);
  }

  public void write(ByteBuf out) {
    out.writeBytes(name).writeByte(0);
  }

  /** Bytes of a Close of this statement. */
  public int closeLength() {
    return PgFrameFormat.HEADER + 1 + length();
  }

  public void writeClose(ByteBuf out) {
    out.writeByte(Frontend.CLOSE).writeInt(closeLength() - 1).writeByte('S');
    write(out);
  }

  @Override
  public String toString() {
    return new String(name, StandardCharsets.US_ASCII);
  }
}
