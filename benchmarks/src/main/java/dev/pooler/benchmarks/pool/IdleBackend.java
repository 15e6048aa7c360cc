package dev.pooler.benchmarks.pool;

import dev.pooler.core.pool.Backend;
import dev.pooler.core.pool.EvictReason;
import dev.pooler.core.pool.LeaseHolder;
import dev.pooler.core.pool.SessionSettings;
import dev.pooler.core.pool.TransactionState;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** A backend without a server: what is measured is the pool around it. */
final class IdleBackend implements Backend {
  private static final AtomicLong IDS = new AtomicLong();

  private final long id = IDS.incrementAndGet();
  private final EmbeddedChannel channel = new EmbeddedChannel();
  private volatile boolean closed;

  @Override
  public long id() {
    return id;
  }

  @Override
  public Channel channel() {
    return channel;
  }

  @Override
  public boolean usable() {
    return !closed;
  }

  @Override
  public void attach(LeaseHolder holder) {}

  @Override
  public @Nullable LeaseHolder holder() {
    return null;
  }

  @Override
  public void detach() {}

  @Override
  public boolean aligned(SessionSettings wanted) {
    return true;
  }

  @Override
  public void align(SessionSettings wanted) {}

  @Override
  public void assumeSettings(SessionSettings now) {}

  @Override
  public Map<String, String> reportedSettings() {
    return Map.of();
  }

  @Override
  public Map<String, String> movedSettings() {
    return Map.of();
  }

  @Override
  public boolean expect(int requestType) {
    return true;
  }

  @Override
  public void send(ByteBuf in, int index, int length) {}

  @Override
  public void flush() {}

  @Override
  public boolean owes() {
    return false;
  }

  @Override
  public TransactionState transactionState() {
    return TransactionState.IDLE;
  }

  @Override
  public CompletionStage<Boolean> reset(boolean rollBack) {
    return CompletableFuture.completedFuture(true);
  }

  @Override
  public CompletionStage<Boolean> probe() {
    return CompletableFuture.completedFuture(true);
  }

  @Override
  public CompletionStage<@Nullable Void> cancel() {
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public CompletionStage<@Nullable Void> close(EvictReason reason) {
    closed = true;
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public CompletionStage<@Nullable Void> moveTo(EventLoop loop) {
    return CompletableFuture.completedFuture(null);
  }
}
