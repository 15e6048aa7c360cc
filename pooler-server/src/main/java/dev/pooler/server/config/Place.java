package dev.pooler.server.config;

import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.exceptions.Mark;

/**
 * Where something stands.
 *
 * @param source the file as the user named it, or "URL"
 * @param line from 1; 0 where there are no lines
 * @param column from 1
 */
record Place(String source, int line, int column) {

  static Place of(String source, @Nullable Mark mark) {
    return mark == null
        ? new Place(source, 0, 0)
        : new Place(source, mark.getLine() + 1, mark.getColumn() + 1);
  }

  @Override
  public String toString() {
    return line == 0 ? source : source + ":" + line + ":" + column;
  }
}
