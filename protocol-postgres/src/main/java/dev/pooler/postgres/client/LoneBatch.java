package dev.pooler.postgres.client;

import dev.pooler.postgres.message.Frontend;
import dev.pooler.postgres.statement.StatementMeaning;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.util.Arrays;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A batch of one statement without parameters: Bind, Execute and Sync, perhaps with its Parse and a
 * Describe of its portal, as drivers send BEGIN or SET.
 *
 * @param parses whether the statement is given first, without a name
 * @param definition the statement as a Parse has it behind the name
 * @param describes whether the portal is described
 * @param end where the batch ends
 */
@SuppressWarnings("ArrayRecordComponent") // read once, never compared
record LoneBatch(boolean parses, byte[] definition, boolean describes, int end) {

  /** Longest statement that is looked at, in bytes. */
  private static final int LONGEST = 1024;

  /** Zero and no parameter types, behind the text. */
  private static final int BEHIND_TEXT = 3;

  /**
   * The batch that the readable bytes begin with; null if they begin with anything else.
   *
   * @param wanted asked about a statement that has been given before
   */
  static @Nullable LoneBatch read(
      ByteBuf in, PreparedTraffic prepared, Predicate<StatementMeaning> wanted) {
    Frames frames = new Frames(in);
    int type = frames.next();
    byte[] definition = null;
    boolean parses = type == Frontend.PARSE;
    if (parses) {
      int length = frames.end() - frames.body() - 1;
      if (!frames.empty(frames.body()) || length > LONGEST) {
        return null;
      }
      definition = ByteBufUtil.getBytes(in, frames.body() + 1, length);
      type = frames.next();
    }
    if (type != Frontend.BIND) {
      return null;
    }
    int name = frames.body() + 1;
    int zero = frames.empty(frames.body()) ? frames.zero(name) : -1;
    if (zero < 0 || !bindsNothing(in, zero + 1, frames.end())) {
      return null;
    }
    if (parses && name < zero) {
      return null; // what is parsed is not what is bound
    }
    if (!parses) {
      StatementMeaning meaning = prepared.meaning(in, name, zero);
      if (meaning == null || !wanted.test(meaning)) {
        return null;
      }
      definition = prepared.definition(in, name, zero);
    }
    type = frames.next();
    boolean describes = type == Frontend.DESCRIBE;
    if (describes) {
      if (frames.body() >= frames.end()
          || in.getByte(frames.body()) != 'P'
          || !frames.empty(frames.body() + 1)) {
        return null;
      }
      type = frames.next();
    }
    boolean whole =
        type == Frontend.EXECUTE && frames.empty(frames.body()) && frames.next() == Frontend.SYNC;
    return whole && definition != null && isPlain(definition)
        ? new LoneBatch(parses, definition, describes, frames.end())
        : null;
  }

  /** The statement's text. */
  byte[] text() {
    return Arrays.copyOf(definition, definition.length - BEHIND_TEXT);
  }

  /** No parameters, and a format for one column at most (libpq sends one for what has none). */
  private static boolean bindsNothing(ByteBuf in, int formats, int end) {
    if (end - formats < 6) {
      return false;
    }
    int columns = in.getUnsignedShort(formats + 4);
    return in.getInt(formats) == 0 && columns <= 1 && end - formats == 6 + 2 * columns;
  }

  /** Whether it is a text with no types of parameters, and short. */
  private static boolean isPlain(byte[] definition) {
    int text = definition.length - BEHIND_TEXT;
    return text >= 0
        && text <= LONGEST
        && definition[text] == 0
        && definition[text + 1] == 0
        && definition[text + 2] == 0;
  }
}
