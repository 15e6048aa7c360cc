package dev.pooler.core.pool;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A backend without a server: alive until it is closed or killed, with no settings and no replies.
 * Moves and closes at once, unless told to fail.
 */
public final class StubBackend implements Backend {
  private static final AtomicLong IDS = new AtomicLong();

  private final long id = IDS.incrementAndGet();
  private final EmbeddedChannel channel = new EmbeddedChannel();

  /** Round trips asked for. */
  public final AtomicInteger probes = new AtomicInteger();

  /** What a probe answers. */
  public volatile boolean answers = true;

  /** The next move fails. */
  public volatile boolean immovable;

  /** When the server has closed its end. */
  public volatile CompletableFuture<@Nullable Void> farewell =
      CompletableFuture.completedFuture(null);

  public volatile @Nullable EvictReason closedFor;
  public volatile @Nullable EventLoop loop;
  private volatile boolean dead;

  /** The server is gone, and nobody has looked yet. */
  public void kill() {
    dead = true;
  }

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
    return !dead;
  }

  @Override
  public CompletionStage<Boolean> probe() {
    probes.incrementAndGet();
    return CompletableFuture.completedFuture(answers);
  }

  @Override
  public CompletionStage<@Nullable Void> close(EvictReason reason) {
    if (closedFor == null) {
      closedFor = reason;
    }
    dead = true;
    return farewell;
  }

  @Override
  public CompletionStage<@Nullable Void> moveTo(EventLoop there) {
    if (immovable) {
      return CompletableFuture.failedFuture(new IllegalStateException("can't move"));
    }
    loop = there;
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public void attach(LeaseHolder holder) {}

  /** What it has; null: whatever is wanted. */
  @Nullable SessionSettings settings;

  @Override
  public @Nullable LeaseHolder holder() {
    return null;
  }

  @Override
  public void detach() {}

  @Override
  public boolean aligned(SessionSettings wanted) {
    return settings == null || settings == wanted;
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
  public CompletionStage<@Nullable Void> cancel() {
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public String toString() {
    return "stub backend " + id;
  }
}
