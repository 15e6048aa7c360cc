package dev.pooler.postgres.statement;

import dev.pooler.core.statement.Dialect;
import dev.pooler.core.statement.StatementFacts;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What the text with code means that a session has sent last. On its way it is looked at several
 * times, and reading code takes long. Confined to its session's loop.
 */
public final class LastCode {
  private byte @Nullable [] text;
  private @Nullable StatementMeaning meaning;

  /** What the text means, whose facts leave code. */
  public StatementMeaning read(
      Dialect dialect, StatementFacts facts, ByteBuf in, int from, int end) {
    byte[] now = ByteBufUtil.getBytes(in, from, end - from, true);
    StatementMeaning known = meaning;
    if (known != null && known.dialect().equals(dialect) && Arrays.equals(text, now)) {
      return known;
    }
    StatementMeaning read = CodeInText.read(dialect, facts, now).in(dialect);
    text = now;
    meaning = read;
    return read;
  }

  /** It has run. */
  public void forget() {
    text = null;
    meaning = null;
  }
}
