package dev.pooler.postgres.statement;

import dev.pooler.core.statement.Dialect;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the functions and procedures may set that a text defines. */
public final class RoutinesInText {
  private RoutinesInText() {}

  /**
   * The custom settings that they name, in lower case.
   *
   * @param offset absolute index of the first byte; the buffer's indexes are not moved
   * @return null if one of them can't be told from the text, or if there are very many
   */
  public static @Nullable List<String> names(Dialect dialect, ByteBuf sql, int offset, int length) {
    return CodeInText.routines(dialect, ByteBufUtil.getBytes(sql, offset, length, true));
  }
}
