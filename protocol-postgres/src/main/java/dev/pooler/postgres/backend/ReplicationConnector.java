package dev.pooler.postgres.backend;

import dev.pooler.core.config.DatabaseConfig;
import dev.pooler.core.config.Replication;
import dev.pooler.core.pool.Backend;
import dev.pooler.core.pool.BackendConnector;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Makes the backends of a pool for replication: they connect when their session has them, see
 * {@link ReplicationBackend}.
 *
 * @param connector as the pool's user, without settings
 */
public record ReplicationConnector(PgConnector connector, Replication kind)
    implements BackendConnector {
  @Override
  public CompletionStage<Backend> connect() {
    return CompletableFuture.completedFuture(
        new ReplicationBackend(PgConnector.nextId(), connector, kind));
  }

  @Override
  public void change(DatabaseConfig now) {
    connector.change(now);
  }

  @Override
  public String describe() {
    return connector.describe() + " for " + kind.word() + " replication";
  }
}
