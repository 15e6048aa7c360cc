package dev.pooler.postgres.client;

import dev.pooler.core.pool.PoolCounters;
import dev.pooler.postgres.listen.ChannelNames;
import dev.pooler.postgres.listen.Hearing;
import dev.pooler.postgres.listen.Hearing.Place;
import dev.pooler.postgres.listen.Notice;
import dev.pooler.postgres.listen.Notification;
import dev.pooler.postgres.listen.SharedListener;
import dev.pooler.postgres.listen.Subscriber;
import dev.pooler.postgres.listen.Subscription;
import dev.pooler.postgres.listen.Tidings;
import dev.pooler.postgres.statement.SessionBackend;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A session that listens, in a pool that shares its backends: moves its channels from the leased
 * backend to the shared listener when a transaction is over, and back in front of a statement that
 * may touch them (docs/design/listen.md). What is heard is {@link Hearing}'s to join. Confined to
 * the session's loop; while a channel moves the session sends its backend nothing else.
 */
final class Listening implements Subscriber {
  private static final Logger LOG = LoggerFactory.getLogger(Listening.class);

  /** What a client that does not read may have waiting, in bytes. */
  static final int MOST_WAITING = 4 * 1024 * 1024;

  /** What is written at once. */
  private static final int RUN = 16 * 1024;

  private static final long FENCE_SECONDS = 5;

  /** A cancel that was meant for a statement may hit a request of ours. */
  private static final int ATTEMPTS = 3;

  /** The session, as its ear sees it. */
  interface Host {
    EventLoop eventLoop();

    /** The process id that the client was told. */
    int told();

    /** Whether the client may be told something now: it is between two transactions. */
    boolean mayTell();

    /** Whether the client reads. */
    boolean isWritable();

    /** Room for a run of messages. */
    ByteBuf buffer(int bytes);

    /** Writes and flushes; the buffer is the host's from now on. */
    void tell(ByteBuf messages, int count);

    /** Keeps these bytes in mind; false if there is no room for them. */
    boolean hold(int bytes);

    void letGo(int bytes);

    /** Notifications may have been lost: the session is to end. */
    void onGap();

    /** More waits for the client than may. */
    void onUnread();
  }

  private final Host host;
  private final Subscription subscription;
  private final Hearing hearing;

  /** The listener's backend is lost and not restored. */
  private boolean deaf;

  /** It was lost since this move began: its fence may never be heard. */
  private boolean broken;

  /** In a move from the backend: it has been told to unlisten, what comes now is the listener's. */
  private boolean unlistening;

  private boolean unlistened;

  /** In a move to the backend: it owes nothing more, so that what it says next is the client's. */
  private boolean answered;

  private boolean over;

  /** What is counted for the session's channels. */
  long channelBytes;

  /** Bytes that the host keeps in mind. */
  private int counted;

  /** What goes on when a fence is heard. */
  private @Nullable Runnable onFence;

  private @Nullable Future<?> watch;

  /** A session's first channels. */
  Listening(Host host, SharedListener listener, PoolCounters counters) {
    this.host = host;
    this.subscription = listener.subscribe(this, counters);
    this.hearing = new Hearing(subscription.fenceChannel());
  }

  Place place() {
    return hearing.place();
  }

  Set<String> channels() {
    return hearing.channels();
  }

  /** What waits for the client, in bytes. */
  int waiting() {
    return counted;
  }

  /** Names and payloads come in the session's own encoding: the listener has this one. */
  static boolean serves(SessionBackend backend) {
    return "UTF8".equals(backend.reportedSettings().get("client_encoding"));
  }

  // --- from the backend to the listener ------------------------------------------------------

  /**
   * A transaction is over, and the session's backend listens to {@code now}: that goes to the
   * shared listener.
   *
   * @return whether it did; else the backend must be kept
   */
  CompletionStage<Boolean> leave(Set<String> now, SessionBackend backend) {
    CompletableFuture<Boolean> left = new CompletableFuture<>();
    if (!serves(backend)) {
      left.complete(false);
      return left;
    }
    Set<String> either = new HashSet<>(hearing.channels());
    either.addAll(now);
    subscription
        .want(either)
        .whenComplete((ready, failure) -> {
          if (over || failure != null) {
            left.complete(false);
          } else {
            sayFence(now, backend, left);
          }
        });
    return left;
  }

  private void sayFence(Set<String> now, SessionBackend backend, CompletableFuture<Boolean> left) {
    String fence = subscription.nextFence();
    unlistening = false;
    unlistened = false;
    broken = deaf;
    hearing.leaving(fence, now);
    onFence = () -> finishLeaving(left);
    backend
        .ask("LISTEN " + fenceChannel() + "; NOTIFY " + fenceChannel() + ", '" + fence + "'")
        .whenComplete((rows, failure) -> {
          if (over || broken || !hearing.fenceHere()) {
            giveUp(backend, left, ATTEMPTS);
          } else {
            unlisten(backend, left, ATTEMPTS);
          }
        });
  }

  private void unlisten(SessionBackend backend, CompletableFuture<Boolean> left, int attempts) {
    unlistening = true;
    backend
        .ask("UNLISTEN *")
        .whenComplete((rows, failure) -> {
          if (over) {
            left.complete(false);
          } else if (failure == null) {
            unlistened = true;
            watch();
            finishLeaving(left);
          } else if (attempts > 1) {
            unlisten(backend, left, attempts - 1);
          } else {
            giveUp(backend, left, ATTEMPTS);
          }
        });
  }

  /**
   * The move is off: the backend listens to the client's channels again, and to nothing of ours.
   */
  private void giveUp(SessionBackend backend, CompletableFuture<Boolean> left, int attempts) {
    onFence = null;
    if (over) {
      left.complete(false);
      return;
    }
    backend
        .ask("UNLISTEN " + fenceChannel())
        .whenComplete((rows, failure) -> {
          if (failure != null && attempts > 1) {
            giveUp(backend, left, attempts - 1);
          } else {
            hearing.stay();
            left.complete(false);
          }
        });
  }

  private void finishLeaving(CompletableFuture<Boolean> left) {
    if (unlistened && (hearing.fenceThere() || broken)) {
      settled();
      hearing.left();
      if (broken && !deaf) {
        hearing.add(Notice.RESTORED);
      }
      subscription.want(hearing.channels());
      left.complete(true);
    }
  }

  // --- from the listener to the backend ------------------------------------------------------

  /**
   * The session's idle backend listens to its channels again; what it is to hear before that is due
   * afterwards.
   *
   * @return whether it does
   */
  CompletionStage<Boolean> comeBack(SessionBackend backend) {
    CompletableFuture<Boolean> back = new CompletableFuture<>();
    come(backend, back, ATTEMPTS);
    return back;
  }

  private void come(SessionBackend backend, CompletableFuture<Boolean> back, int attempts) {
    String fence = subscription.nextFence();
    broken = deaf;
    hearing.coming(fence);
    answered = false;
    onFence = () -> finishComing(back);
    String channel = fenceChannel();
    backend
        .ask(
            "LISTEN "
                + channel
                + ";"
                + ChannelNames.listen(hearing.channels())
                + "NOTIFY "
                + channel
                + ", '"
                + fence
                + "'",
            "UNLISTEN " + channel)
        .whenComplete((rows, failure) -> {
          if (over) {
            back.complete(false);
          } else if (hearing.fenceHere()) {
            answered = true;
            watch();
            finishComing(back);
          } else if (attempts > 1) {
            come(backend, back, attempts - 1);
          } else {
            LOG.warn(
                "a session's channels can't be put on its backend: {}", String.valueOf(failure));
            back.complete(false);
          }
        });
  }

  private void finishComing(CompletableFuture<Boolean> back) {
    if (answered && hearing.fenceHere() && (hearing.fenceThere() || broken)) {
      settled();
      hearing.arrived();
      if (broken) {
        deaf = false; // it hears for itself from here on
        hearing.add(Notice.RESTORED);
      }
      tell(true);
      back.complete(true);
    }
  }

  private String fenceChannel() {
    return ChannelNames.quoted(subscription.fenceChannel());
  }

  private void watch() {
    if (!hearing.fenceThere() && !broken) {
      watch = host.eventLoop().schedule(subscription::suspect, FENCE_SECONDS, TimeUnit.SECONDS);
    }
  }

  private void settled() {
    onFence = null;
    Future<?> waiting = watch;
    watch = null;
    if (waiting != null) {
      waiting.cancel(false);
    }
  }

  // --- what is heard -------------------------------------------------------------------------

  /** The own backend has said it; whether it goes to the client now. */
  boolean onBackend(Notification notification) {
    boolean passes = hearing.fromBackend(notification);
    count();
    return passes;
  }

  @Override
  public Executor loop() {
    return host.eventLoop();
  }

  @Override
  public void heard(List<Notification> notifications) {
    if (over) {
      return;
    }
    for (Notification notification : notifications) {
      hearing.fromListener(notification);
    }
    Runnable next = onFence;
    if (next != null && hearing.fenceThere()) {
      next.run();
    }
    tell();
    count();
  }

  @Override
  public void lost() {
    if (over) {
      return;
    }
    deaf = true;
    broken = true;
    boolean missed =
        switch (hearing.place()) {
          case BACKEND -> false;
          case LEAVING -> unlistening;
          case LISTENER, COMING -> true;
        };
    if (missed && subscription.closesOnGap()) {
      host.onGap();
      return;
    }
    if (missed) {
      hearing.add(Notice.LOST);
    }
    Runnable next = onFence;
    if (next != null) {
      next.run();
    }
    tell();
  }

  @Override
  public void restored() {
    if (!over && deaf) {
      deaf = false;
      if (hearing.place() == Place.LISTENER) {
        hearing.add(Notice.RESTORED);
        tell();
      }
    }
  }

  /** Tells the client what is due, as far as it may be told and reads. */
  void tell() {
    if (!over && host.mayTell()) {
      tell(false);
    }
  }

  /** All at once where {@code anyway}: what the own backend says next comes behind it. */
  private void tell(boolean anyway) {
    while (hearing.isDue() && (anyway || host.isWritable())) {
      ByteBuf run = host.buffer(RUN);
      int count = 0;
      while (run.readableBytes() < RUN) {
        Tidings tidings = hearing.next();
        if (tidings == null) {
          break;
        }
        tidings.write(run, host.told());
        count += tidings instanceof Notification ? 1 : 0;
      }
      host.tell(run, count);
    }
    count();
  }

  /** What waits is counted against the bound of the session and that of all. */
  private void count() {
    int now = hearing.bytes();
    if (now < counted) {
      host.letGo(counted - now);
      counted = now;
    } else if (now > counted && !over) {
      if (now > MOST_WAITING || !host.hold(now - counted)) {
        host.onUnread();
        return;
      }
      counted = now;
    }
  }

  /** The session listens to nothing any more, or hears it on its own backend alone. */
  void end() {
    if (!over) {
      tell();
      over = true;
      settled();
      host.letGo(counted);
      counted = 0;
      subscription.end();
    }
  }
}
