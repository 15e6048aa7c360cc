package dev.pooler.postgres.statement;

import dev.pooler.postgres.codec.Messages;
import dev.pooler.postgres.session.PgSettings.Change;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The statement of ours that changes settings within a session's transaction: set_config for so
 * many names and values, which are its parameters. A value that is NULL is the setting's default
 * (guc_funcs.c, set_config_by_name). Prepared on each backend once.
 */
public final class SettingsStatement {
  /** More settings than this are changed by a string of statements. */
  public static final int MOST = 32;

  private static final int TEXT_OID = 25;

  private static final AtomicReferenceArray<@Nullable SharedStatement> BY_COUNT =
      new AtomicReferenceArray<>(MOST + 1);

  private SettingsStatement() {}

  /** The statement for so many settings, from 1 to {@link #MOST}. */
  public static SharedStatement of(int count) {
    SharedStatement known = BY_COUNT.get(count);
    if (known != null) {
      return known;
    }
    SharedStatement made = SharedStatement.ours("set_" + count, definition(count));
    SharedStatement first = BY_COUNT.compareAndExchange(count, null, made);
    return first == null ? made : first; // one name, one object
  }

  /** Bytes that {@link #writeExecution} needs at most; values are ASCII. */
  public static int executionLength(List<Change> changes) {
    int bytes = 64;
    for (Change change : changes) {
      String value = change.value();
      bytes += 8 + change.name().length() + (value == null ? 0 : value.length());
    }
    return bytes;
  }

  /** Bind of the values and Execute, of portals without a name. */
  public static void writeExecution(ByteBuf out, SharedStatement statement, List<Change> changes) {
    List<@Nullable String> values = new ArrayList<>(2 * changes.size());
    for (Change change : changes) {
      values.add(change.name());
      values.add(change.value());
    }
    Messages.bind(out, statement.toString(), values);
    Messages.execute(out);
  }

  private static byte[] definition(int count) {
    StringBuilder sql = new StringBuilder("SELECT ");
    for (int i = 0; i < count; i++) {
      sql.append(i == 0 ? "" : ",").append("pg_catalog.set_config($").append(2 * i + 1);
      sql.append(",$").append(2 * i + 2).append(",false)");
    }
    byte[] text = sql.toString().getBytes(StandardCharsets.US_ASCII);
    ByteBuffer all = ByteBuffer.allocate(text.length + 3 + 8 * count);
    all.put(text).put((byte) 0).putShort((short) (2 * count));
    for (int i = 0; i < 2 * count; i++) {
      all.putInt(TEXT_OID);
    }
    return all.array();
  }
}
