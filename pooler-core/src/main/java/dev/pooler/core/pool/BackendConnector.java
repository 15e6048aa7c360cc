package dev.pooler.core.pool;

import dev.pooler.core.config.DatabaseConfig;
import java.util.concurrent.CompletionStage;

/** Makes authenticated backends for one pool: a protocol's part of the supply. */
public interface BackendConnector {
  /** Connects and logs in. Any thread; returns at once. Fails with a {@link ConnectFailure}. */
  CompletionStage<Backend> connect();

  /**
   * The database's numbers are these from now on, for backends to come; its targets and who logs in
   * are as before. Any thread.
   */
  void change(DatabaseConfig database);

  /** Where to, for log lines and errors. */
  String describe();
}
