package dev.pooler.postgres.backend;

import dev.pooler.core.config.DatabaseConfig;
import java.time.Duration;

/**
 * What a reload may change of backends without another pool.
 *
 * @param connectTimeout from connect to ReadyForQuery
 * @param preparedStatements most that a backend keeps
 */
record BackendNumbers(Duration connectTimeout, int preparedStatements) {
  static BackendNumbers of(DatabaseConfig database) {
    return new BackendNumbers(database.timeouts().connect(), database.pool().preparedStatements());
  }
}
