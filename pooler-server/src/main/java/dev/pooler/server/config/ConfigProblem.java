package dev.pooler.server.config;

/**
 * One thing that is wrong, or that deserves a second look.
 *
 * @param where file, line and column
 * @param path the key's path, such as {@code databases.app.pool.size}; empty for the file as a
 *     whole
 */
public record ConfigProblem(String where, String path, String message) {

  /**
   * One line: {@code pooler.yaml:12:5: databases.app.pool.sise: unknown key; did you mean "size"?}
   */
  @Override
  public String toString() {
    return where + ": " + (path.isEmpty() ? "" : path + ": ") + message;
  }
}
