package dev.pooler.core.pool;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * One authenticated database connection and its server process. All methods are called on its event
 * loop, except where they say otherwise.
 */
public interface Backend {
  /** A number no other backend of this process has. Any thread. */
  long id();

  /** Any thread. */
  Channel channel();

  /** False once closed or marked dead. Any thread; may be a moment old off the loop. */
  boolean usable();

  /** Why it is not {@link #usable}. Any thread. */
  default EvictReason deadFor() {
    return EvictReason.BACKEND_CLOSED;
  }

  /** What is known of it, for the administrator. Any thread. */
  default BackendDetail detail() {
    return new BackendDetail(id(), 0, null, null, false, Instant.EPOCH, 0);
  }

  /** Gives it to a session: replies go there from now on. */
  void attach(LeaseHolder holder);

  /** The session that has it, or null. */
  @Nullable LeaseHolder holder();

  /** Takes it from its session. Replies may not be owed. */
  void detach();

  /** True when the backend has exactly the settings that {@code wanted} asks for. */
  boolean aligned(SessionSettings wanted);

  /** Makes it so; the holder hears {@code onAligned} or {@code onAlignFailed}. */
  void align(SessionSettings wanted);

  /** The session itself has changed its settings on this backend to {@code now}. */
  void assumeSettings(SessionSettings now);

  /** What the server reported of its settings, in its own order; changes with {@link #align}. */
  Map<String, String> reportedSettings();

  /** The reported settings that differ from what they were when the session got the backend. */
  Map<String, String> movedSettings();

  /** Notes a request of the client that is about to be sent; false when too many are open. */
  boolean expect(int requestType);

  /** Appends request bytes; {@code in} stays the caller's. */
  void send(ByteBuf in, int index, int length);

  /** Puts what was sent on the wire. */
  void flush();

  /** True while replies are owed or a batch has been begun and not ended. */
  boolean owes();

  TransactionState transactionState();

  /** Rolls back and returns all session state to its defaults; false if that failed. */
  CompletionStage<Boolean> reset(boolean rollBack);

  /** One round trip; false if the backend can't be used any more. Any thread. */
  CompletionStage<Boolean> probe();

  /** Asks the server to cancel what runs; completes when the request has been delivered. */
  CompletionStage<@Nullable Void> cancel();

  /** Says goodbye and closes; completes when the server has closed its end. Any thread. */
  CompletionStage<@Nullable Void> close(EvictReason reason);

  /** Moves it to another loop; it must have no holder. Completes there. */
  CompletionStage<@Nullable Void> moveTo(EventLoop loop);
}
