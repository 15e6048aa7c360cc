package dev.pooler.postgres.statement;

import dev.pooler.postgres.codec.PgFrameFormat;
import dev.pooler.postgres.message.Frontend;
import dev.pooler.postgres.session.PgSettings;
import io.netty.buffer.ByteBuf;
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
      new SharedStatement(
          0, new KeptText(new byte[0], StatementMeaning.UNKNOWN), StatementMeaning.UNKNOWN, null);

  private final StatementName name;
  private final KeptText text;
  private final StatementMeaning meaning;
  private final @Nullable PgSettings planning;

  /**
   * A statement.
   *
   * @param number no other statement of this process has it
   * @param text what stands behind the name in a Parse: text, zero, parameter types
   * @param planning the settings under which it is parsed, or null where it is one session's own
   */
  SharedStatement(
      long number, KeptText text, StatementMeaning meaning, @Nullable PgSettings planning) {
    this(PREFIX + number, text, meaning, planning);
  }

  private SharedStatement(
      String name, KeptText text, StatementMeaning meaning, @Nullable PgSettings planning) {
    this.name = new StatementName(name);
    this.text = text;
    this.meaning = meaning;
    this.planning = planning;
  }

  /** The settings under which every backend must parse it, or null where nobody else has it. */
  public @Nullable PgSettings planning() {
    return planning;
  }

  /** A statement of ours, which no client has a name for. */
  static SharedStatement ours(String name, byte[] definition) {
    return new SharedStatement(
        PREFIX + name,
        new KeptText(definition, StatementMeaning.NOTHING),
        StatementMeaning.NOTHING,
        null);
  }

  /** What backends know it by. */
  public StatementName name() {
    return name;
  }

  KeptText text() {
    return text;
  }

  /** Bytes of text and parameter types. */
  public int definitionLength() {
    return text.bytes.length;
  }

  /** Bytes that a session has with it. */
  public int keptLength() {
    return text.bytes.length + text.beside;
  }

  /** Text, zero and parameter types; not the caller's to change. */
  public byte[] definition() {
    return text.bytes;
  }

  /** What running it does. */
  public StatementMeaning meaning() {
    return meaning;
  }

  /** Bytes of the name with its closing zero. */
  public int nameLength() {
    return name.length();
  }

  /** Without the zero, as in SQL text. */
  public void writeBareName(ByteBuf out) {
    name.writeBare(out);
  }

  public void writeName(ByteBuf out) {
    name.write(out);
  }

  /** Bytes of a Parse of this statement. */
  public int parseLength() {
    return PgFrameFormat.HEADER + nameLength() + text.bytes.length;
  }

  public void writeParse(ByteBuf out) {
    out.writeByte(Frontend.PARSE).writeInt(parseLength() - 1);
    writeName(out);
    out.writeBytes(text.bytes);
  }

  @Override
  public String toString() {
    return name.toString();
  }
}
