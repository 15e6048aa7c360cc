package dev.pooler.postgres.client;

import dev.pooler.core.statement.StatementClass;
import dev.pooler.postgres.message.Frontend;
import dev.pooler.postgres.statement.PlainBegin;
import dev.pooler.postgres.statement.StatementMeaning;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Bind, Execute and Sync of a BEGIN alone, perhaps with its Parse and a Describe of its portal, as
 * drivers send it.
 *
 * @param parses whether the statement is given first, without a name
 * @param definition the statement as a Parse has it behind the name
 * @param tag the server's command tag for it
 * @param describes whether the portal is described
 * @param end where the batch ends
 */
@SuppressWarnings("ArrayRecordComponent") // read once, never compared
record BeginBatch(boolean parses, byte[] definition, String tag, boolean describes, int end) {

  /** Longest BEGIN that is looked at, in bytes. */
  private static final int LONGEST = 256;

  /** The batch that the readable bytes begin with; null if they begin with anything else. */
  static @Nullable BeginBatch read(ByteBuf in, PreparedTraffic prepared) {
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
    if (!parses || name < zero) {
      StatementMeaning meaning = prepared.meaning(in, name, zero);
      if (meaning == null || meaning.facts().first() != StatementClass.BEGIN) {
        return null;
      }
      definition = prepared.definition(in, name, zero);
    }
    type = frames.next();
    boolean describes = type == Frontend.DESCRIBE;
    if (describes) {
      if (in.getByte(frames.body()) != 'P' || !frames.empty(frames.body() + 1)) {
        return null;
      }
      type = frames.next();
    }
    boolean whole =
        type == Frontend.EXECUTE && frames.empty(frames.body()) && frames.next() == Frontend.SYNC;
    String tag = whole && definition != null ? tag(definition) : null;
    return tag == null || definition == null
        ? null
        : new BeginBatch(parses, definition, tag, describes, frames.end());
  }

  /** No parameters, and a format for one column at most (libpq sends one for what has none). */
  private static boolean bindsNothing(ByteBuf in, int formats, int end) {
    if (end - formats < 6) {
      return false;
    }
    int columns = in.getUnsignedShort(formats + 4);
    return in.getInt(formats) == 0 && columns <= 1 && end - formats == 6 + 2 * columns;
  }

  /** Of a definition: text, zero, no parameter types. */
  private static @Nullable String tag(byte[] definition) {
    int text = definition.length - 3;
    if (text < 0 || definition.length > LONGEST) {
      return null;
    }
    for (int i = text; i < definition.length; i++) {
      if (definition[i] != 0) {
        return null;
      }
    }
    return PlainBegin.tag(Arrays.copyOf(definition, text));
  }
}
