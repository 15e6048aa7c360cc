package dev.pooler.postgres.backend;

import dev.pooler.core.config.Replication;
import dev.pooler.core.pool.Backend;
import dev.pooler.core.pool.BackendDetail;
import dev.pooler.core.pool.ConnectFailure;
import dev.pooler.core.pool.EvictReason;
import dev.pooler.core.pool.LeaseHolder;
import dev.pooler.core.pool.SessionSettings;
import dev.pooler.core.pool.TransactionState;
import dev.pooler.core.session.SqlFailure;
import dev.pooler.postgres.session.PgSettings;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * A backend for one client's replication connection. It connects when its session says with which
 * settings ({@link #align}): a walsender for physical replication takes none later, since it
 * refuses SQL, and the name that a standby gives itself is one of them. Until then it is a place in
 * its pool.
 */
final class ReplicationBackend implements Backend {
  /** What our own part of the start-up packet says; PostgreSQL has no settings of these names. */
  private static final Set<String> RESERVED = Set.of("user", "database", "options", "replication");

  private final long id;
  private final PgConnector connector;
  private final Replication kind;
  private @Nullable LeaseHolder holder;

  /** Set once; completes with null where it could not be connected. */
  private volatile @Nullable CompletableFuture<@Nullable Backend> connecting;

  private volatile @Nullable Backend made;
  private volatile boolean ended;

  ReplicationBackend(long id, PgConnector connector, Replication kind) {
    this.id = id;
    this.connector = connector;
    this.kind = kind;
  }

  @Override
  public boolean aligned(SessionSettings wanted) {
    return false;
  }

  @Override
  public void align(SessionSettings wanted) {
    LeaseHolder session = holder;
    if (session == null || connecting != null) {
      throw new IllegalStateException("backend " + id + " is not free");
    }
    Map<String, String> startup = new HashMap<>(((PgSettings) wanted).texts());
    for (String name : startup.keySet()) {
      if (RESERVED.contains(name)) {
        session.onAlignFailed(
            SqlFailure.fatal(
                "42704", 1193, "unrecognized configuration parameter \"" + name + "\""));
        return;
      }
    }
    startup.put("replication", kind == Replication.LOGICAL ? "database" : "true");
    EventLoop loop = session.client().eventLoop();
    CompletableFuture<@Nullable Backend> result = new CompletableFuture<>();
    connecting = result;
    PgConnector mine = connector.with(startup);
    // A secret may come from a file or a program.
    Thread.ofVirtual()
        .name("pooler-replication")
        .start(() ->
            connect(mine, connector.targets(), loop)
                .whenComplete(
                    (backend, failure) -> loop.execute(() -> connected(result, backend, failure))));
  }

  /** Each target once, and no more: whoever replicates comes again by itself. */
  private static CompletionStage<Backend> connect(PgConnector to, int attempts, EventLoop loop) {
    return to.connect()
        .thenCompose(backend -> backend.moveTo(loop).thenApply(moved -> backend))
        .exceptionallyCompose(failure ->
            attempts > 1 && cause(failure).temporary()
                ? connect(to, attempts - 1, loop)
                : CompletableFuture.failedFuture(failure));
  }

  private static ConnectFailure cause(Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    return cause instanceof ConnectFailure known
        ? known
        : new ConnectFailure(SqlFailure.backendLost(String.valueOf(cause)), false);
  }

  private void connected(
      CompletableFuture<@Nullable Backend> result,
      @Nullable Backend backend,
      @Nullable Throwable failure) {
    LeaseHolder session = holder;
    if (backend != null && session != null && !ended) {
      made = backend;
      backend.attach(session);
    }
    result.complete(backend);
    if (session == null || ended) {
      return; // close() has waited for it
    }
    if (backend != null && !backend.usable()) {
      session.onAlignFailed(SqlFailure.backendLost("the server closed it after its login"));
    } else if (failure == null) {
      session.onAligned();
    } else {
      session.onAlignFailed(cause(failure).failure());
    }
  }

  @Override
  public CompletionStage<@Nullable Void> close(EvictReason reason) {
    ended = true;
    CompletableFuture<@Nullable Backend> result = connecting;
    if (result == null) {
      return CompletableFuture.completedFuture(null);
    }
    return result.thenCompose(backend ->
        backend == null ? CompletableFuture.completedFuture(null) : backend.close(reason));
  }

  private Backend made() {
    Backend backend = made;
    if (backend == null) {
      throw new IllegalStateException("backend " + id + " is not connected");
    }
    return backend;
  }

  @Override
  public long id() {
    return id;
  }

  @Override
  public Channel channel() {
    return made().channel();
  }

  @Override
  public boolean usable() {
    Backend backend = made;
    return !ended && (backend == null || backend.usable());
  }

  @Override
  public BackendDetail detail() {
    Backend backend = made;
    if (backend == null) {
      return new BackendDetail(id, 0, null, null, false, Instant.EPOCH, 0);
    }
    BackendDetail it = backend.detail();
    return new BackendDetail(
        id, it.serverId(), it.remote(), it.local(), it.tls(), it.connected(), 0);
  }

  @Override
  public void attach(LeaseHolder session) {
    holder = session;
  }

  @Override
  public @Nullable LeaseHolder holder() {
    return holder;
  }

  @Override
  public void detach() {
    holder = null;
    Backend backend = made;
    if (backend != null) {
      backend.detach();
    }
  }

  /** It is its session's alone: nobody compares. */
  @Override
  public void assumeSettings(SessionSettings now) {}

  @Override
  public Map<String, String> reportedSettings() {
    return made().reportedSettings();
  }

  @Override
  public Map<String, String> movedSettings() {
    return Map.of();
  }

  @Override
  public boolean expect(int requestType) {
    return made().expect(requestType);
  }

  @Override
  public void send(ByteBuf in, int index, int length) {
    made().send(in, index, length);
  }

  @Override
  public void flush() {
    made().flush();
  }

  @Override
  public boolean owes() {
    Backend backend = made;
    return backend != null && backend.owes();
  }

  @Override
  public TransactionState transactionState() {
    Backend backend = made;
    return backend == null ? TransactionState.IDLE : backend.transactionState();
  }

  /** No other session gets it. */
  @Override
  public CompletionStage<Boolean> reset(boolean rollBack) {
    return CompletableFuture.completedFuture(false);
  }

  @Override
  public CompletionStage<Boolean> probe() {
    return made().probe();
  }

  @Override
  public CompletionStage<@Nullable Void> cancel() {
    return made().cancel();
  }

  /** It is free as long as it is not connected, and then it has no loop yet. */
  @Override
  public CompletionStage<@Nullable Void> moveTo(EventLoop loop) {
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public String toString() {
    Backend backend = made;
    return backend == null ? "backend " + id + " (not connected)" : backend.toString();
  }
}
