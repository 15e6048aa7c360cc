package dev.pooler.core.pool;

import java.util.concurrent.CompletionStage;

/** Makes authenticated backends for one pool: a protocol's part of the supply. */
public interface BackendConnector {
  /** Connects and logs in. Any thread; returns at once. Fails with a {@link ConnectFailure}. */
  CompletionStage<Backend> connect();

  /** Where to, for log lines and errors. */
  String describe();
}
