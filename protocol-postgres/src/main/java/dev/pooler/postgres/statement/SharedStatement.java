package dev.pooler.postgres.statement;

import dev.pooler.postgres.codec.PgFrameFormat;
import dev.pooler.postgres.message.Frontend;
import dev.pooler.postgres.session.PgSettings;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A statement of the extended protocol as backends know it: one name for all sessions that prepared
 * the same text with the same parameter types under the same settings that parsing depends on.
 * Compared by identity; {@link SharedStatements} sees to it that equal ones are the same.
 */
public final class SharedStatement {
  /** No client's names begin so; they would not harm, they would only be confusing. */
  static final String PREFIX = "_pooler_";

  /**
   * Stands for a statement that is too long to be read: it lies on the pinned session's backend,
   * under the client's own name for it.
   */
  public static final SharedStatement RAW =
      new SharedStatement(0, new byte[0], StatementMeaning.UNKNOWN, null);

  private final byte[] name;
  private final byte[] definition;
  private final StatementMeaning meaning;
  private final @Nullable PgSettings planning;

  /**
   * A statement.
   *
   * @param number no other statement of this process has it
   * @param definition what stands behind the name in a Parse: text, zero, parameter types
   * @param planning the settings under which it is parsed, or null where it is one session's own
   */
  SharedStatement(
      long number, byte[] definition, StatementMeaning meaning, @Nullable PgSettings planning) {
    this(PREFIX + number, definition, meaning, planning);
  }

  private SharedStatement(
      String name, byte[] definition, StatementMeaning meaning, @Nullable PgSettings planning) {
    this.name = name.getBytes(StandardCharsets.US_ASCII);
    this.definition = definition;
    this.meaning = meaning;
    this.planning = planning;
  }

  /** The settings under which every backend must parse it, or null where nobody else has it. */
  public @Nullable PgSettings planning() {
    return planning;
  }

  /** A statement of ours, which no client has a name for. */
  static SharedStatement ours(String name, byte[] definition) {
    return new SharedStatement(PREFIX + name, definition, StatementMeaning.NOTHING, null);
  }

  /** Bytes of text and parameter types. */
  public int definitionLength() {
    return definition.length;
  }

  /** Text, zero and parameter types; not the caller's to change. */
  public byte[] definition() {
    return definition;
  }

  /** What running it does. */
  public StatementMeaning meaning() {
    return meaning;
  }

  /** Bytes of the name with its closing zero. */
  public int nameLength() {
    return name.length + 1;
  }

  /** Without the zero, as in SQL text. */
  public void writeBareName(ByteBuf out) {
    out.writeBytes(name);
  }

  public void writeName(ByteBuf out) {
    out.writeBytes(name).writeByte(0);
  }

  /** Bytes of a Parse of this statement. */
  public int parseLength() {
    return PgFrameFormat.HEADER + nameLength() + definition.length;
  }

  public void writeParse(ByteBuf out) {
    out.writeByte(Frontend.PARSE).writeInt(parseLength() - 1);
    writeName(out);
    out.writeBytes(definition);
  }

  /** Bytes of a Close of this statement. */
  public int closeLength() {
    return PgFrameFormat.HEADER + 1 + nameLength();
  }

  public void writeClose(ByteBuf out) {
    out.writeByte(Frontend.CLOSE).writeInt(closeLength() - 1).writeByte('S');
    writeName(out);
  }

  @Override
  public String toString() {
    return new String(name, StandardCharsets.US_ASCII);
  }
}
