package dev.pooler.postgres.client;

import dev.pooler.core.statement.Dialect;
import dev.pooler.core.statement.MaskedText;
import dev.pooler.postgres.statement.PgDialects;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * What a session asked last, for administrators: how its text begins, and since when it runs, or is
 * answered. Costs a statement a short copy and no look at the clock. Confined to the session's
 * loop.
 */
final class LastStatement {
  /** So much of a text is kept. */
  static final int BYTES = 256;

  /** Rooms for texts are multiples of this: most are short, and there may be many sessions. */
  private static final int STEP = 64;

  private static final byte[] EMPTY = new byte[0];

  private byte[] text = EMPTY;

  /** Bytes of the text that are here; negative where it is not known. */
  private int length = -1;

  private boolean cut;
  private Dialect dialect = PgDialects.STANDARD;

  private boolean any;
  private boolean open;
  private long since;

  /** A text from one index to another. */
  void note(Dialect how, ByteBuf in, int from, int end) {
    int bytes = room(how, end - from);
    in.getBytes(from, text, 0, bytes);
  }

  /** The text of a statement as a Parse has it behind the name. */
  void note(Dialect how, byte[] definition, int definitionLength) {
    int most = Math.min(definitionLength, BYTES + 1);
    int end = 0;
    while (end < most && definition[end] != 0) {
      end++;
    }
    int bytes = room(how, end);
    System.arraycopy(definition, 0, text, 0, bytes);
  }

  private int room(Dialect how, int all) {
    int bytes = Math.max(0, Math.min(BYTES, all));
    if (text.length < bytes) {
      text = new byte[(bytes + STEP - 1) / STEP * STEP];
    }
    dialect = how;
    length = bytes;
    cut = bytes < all;
    return bytes;
  }

  /** Something whose text is not known here. */
  void unknown() {
    length = -1;
  }

  /** A message goes to the backend. */
  void asked(long tick) {
    if (!open) {
      any = true;
      open = true;
      since = tick;
    }
  }

  /** All is answered. */
  void answered(long tick) {
    any = true;
    open = false;
    since = tick;
  }

  /** False before the first. */
  boolean any() {
    return any;
  }

  /** Whether it is not all answered. */
  boolean open() {
    return open;
  }

  /** By the clock of the ticks: when it was asked, or answered. */
  long since() {
    return since;
  }

  /** How it begins; null where that is not known. */
  @Nullable String text() {
    return length < 0 ? null : MaskedText.of(dialect, text, length, cut);
  }

  /** How a text begins that was noted nowhere. */
  static String shown(Dialect how, byte[] definition) {
    LastStatement one = new LastStatement();
    one.note(how, definition, definition.length);
    return MaskedText.of(how, one.text, one.length, one.cut);
  }

  /** The same of a text from one index to another. */
  static String shown(Dialect how, ByteBuf in, int from, int end) {
    byte[] some = new byte[Math.min(BYTES, Math.max(0, end - from))];
    in.getBytes(from, some);
    return MaskedText.of(how, some, some.length, some.length < end - from);
  }
}
