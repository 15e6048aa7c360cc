package dev.pooler.core.console;

import dev.pooler.core.session.SqlFailure;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What came of a command. */
public sealed interface Answer {
  /** A table; each row has a value for each of the command's columns. */
  record Rows(List<List<@Nullable Object>> rows) implements Answer {}

  /**
   * It was done, or quietly taken.
   *
   * @param notice what the client is told beside, or null
   */
  record Done(@Nullable Notice notice) implements Answer {}

  /** It was not done. */
  record Failed(SqlFailure failure) implements Answer {}

  /** A text for people that no program has to read. */
  record Notice(String message, @Nullable String detail) {}

  static Answer done() {
    return new Done(null);
  }

  static Answer failed(String sqlState, String message) {
    return new Failed(SqlFailure.error(sqlState, 1105, message));
  }
}
