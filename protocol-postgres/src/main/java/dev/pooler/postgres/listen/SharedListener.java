package dev.pooler.postgres.listen;

import dev.pooler.core.pool.PoolCounters;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one backend outside the pool that listens for all of the pool's sessions. It is there while
 * somebody listens, listens to what somebody wants, and passes each notification on to those that
 * want its channel. When it is lost it is connected again after a pause that doubles (docs/design/
 * listen.md).
 *
 * <p>Guarded by its own lock, which is held for moments only; sessions are called on their loops.
 */
public final class SharedListener {
  private static final Logger LOG = LoggerFactory.getLogger(SharedListener.class);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(50);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);

  private enum Line {
    CLOSED,
    CONNECTING,
    OPEN,
    /** After a failure: nobody connects before the pause is over. */
    RESTING
  }

  private final String name;
  private final ListenerLink.Dialer dialer;
  private final boolean closesOnGap;

  /** One for each process, since poolers of one database need not hear each other's. */
  private final String fence =
      "_pooler_fence_" + Long.toHexString(ThreadLocalRandom.current().nextLong());

  private final Map<Long, Member> members = new HashMap<>();
  private final Map<String, Set<Member>> wanted = new HashMap<>();

  /** What the backend listens to for certain. */
  private final Set<String> heard = new HashSet<>();

  private Set<String> adding = Set.of();
  private Set<String> dropping = Set.of();
  private Line line = Line.CLOSED;
  private @Nullable ListenerLink link;

  /** Counts connections: what an earlier one says is not heard. */
  private int connection;

  private boolean asking;
  private long lastMember;
  private Duration pause = FIRST_PAUSE;

  /**
   * Connects nothing yet.
   *
   * @param name for log lines
   * @param closesOnGap whether sessions end when notifications may have been lost
   */
  public SharedListener(String name, ListenerLink.Dialer dialer, boolean closesOnGap) {
    this.name = name;
    this.dialer = dialer;
    this.closesOnGap = closesOnGap;
  }

  /** A session begins to listen. */
  public synchronized Subscription subscribe(Subscriber subscriber, PoolCounters counters) {
    Member member = new Member(++lastMember, subscriber, counters);
    members.put(member.id, member);
    counters.listening(1);
    return member;
  }

  private final class Member implements Subscription {
    private final long id;
    private final Subscriber subscriber;
    private final PoolCounters counters;
    private Set<String> channels = Set.of();
    private @Nullable CompletableFuture<@Nullable Void> waiting;
    private boolean deaf;
    private long fences;

    Member(long id, Subscriber subscriber, PoolCounters counters) {
      this.id = id;
      this.subscriber = subscriber;
      this.counters = counters;
    }

    @Override
    public CompletionStage<@Nullable Void> want(Set<String> now) {
      CompletableFuture<@Nullable Void> ready = new CompletableFuture<>();
      synchronized (SharedListener.this) {
        change(this, now);
        waiting = ready;
        drive();
      }
      return ready;
    }

    @Override
    public String nextFence() {
      return id + "." + ++fences;
    }

    @Override
    public String fenceChannel() {
      return fence;
    }

    @Override
    public void suspect() {
      synchronized (SharedListener.this) {
        if (link != null) {
          LOG.warn("listener of {}: it does not hear; giving it up", name);
          link.close();
        }
      }
    }

    @Override
    public boolean closesOnGap() {
      return closesOnGap;
    }

    @Override
    public void end() {
      synchronized (SharedListener.this) {
        if (members.remove(id) != null) {
          counters.listening(-1);
          change(this, Set.of());
          waiting = null;
          drive();
          counters.listenerChannels(channelCount());
        }
      }
    }

    boolean satisfied() {
      return line == Line.OPEN && heard.contains(fence) && heard.containsAll(channels);
    }
  }

  /** How many channels of sessions it listens to. */
  private int channelCount() {
    return heard.contains(fence) ? heard.size() - 1 : heard.size();
  }

  private void change(Member member, Set<String> now) {
    for (String channel : member.channels) {
      Set<Member> those = wanted.get(channel);
      if (!now.contains(channel) && those != null && those.remove(member) && those.isEmpty()) {
        wanted.remove(channel);
      }
    }
    for (String channel : now) {
      wanted.computeIfAbsent(channel, missing -> new HashSet<>()).add(member);
    }
    member.channels = Set.copyOf(now);
  }

  /** Does what is to be done next, if anything is. */
  private void drive() {
    switch (line) {
      case CLOSED -> {
        if (!members.isEmpty()) {
          connect();
        }
      }
      case CONNECTING -> {}
      case RESTING -> {
        failWaiting("the listener has no backend");
        if (members.isEmpty()) {
          line = Line.CLOSED;
        }
      }
      case OPEN -> {
        if (members.isEmpty()) {
          hangUp();
        } else if (!asking) {
          ask();
        }
      }
    }
  }

  private void connect() {
    line = Line.CONNECTING;
    int number = ++connection;
    dialer
        .dial(new Events(number))
        .whenComplete((made, failure) -> {
          synchronized (this) {
            if (number != connection) {
              if (made != null) {
                made.close();
              }
            } else if (failure == null) {
              LOG.debug("listener of {}: connected", name);
              line = Line.OPEN;
              link = made;
              drive();
            } else {
              LOG.warn("listener of {}: {}", name, failure.getMessage());
              rest();
            }
          }
        });
  }

  /** The connection is lost, or was not made: again after a pause. */
  private void rest() {
    line = Line.RESTING;
    link = null;
    asking = false;
    heard.clear();
    failWaiting("the listener lost its backend");
    if (members.isEmpty()) {
      line = Line.CLOSED;
      return;
    }
    int number = ++connection;
    Duration before = pause;
    pause =
        before.multipliedBy(2).compareTo(LONGEST_PAUSE) > 0
            ? LONGEST_PAUSE
            : before.multipliedBy(2);
    Executor later =
        CompletableFuture.delayedExecutor(before.toMillis(), TimeUnit.MILLISECONDS, Runnable::run);
    later.execute(() -> {
      synchronized (this) {
        if (number == connection && line == Line.RESTING) {
          line = Line.CLOSED;
          drive();
        }
      }
    });
  }

  private void hangUp() {
    ListenerLink gone = link;
    connection++;
    link = null;
    asking = false;
    heard.clear();
    line = Line.CLOSED;
    if (gone != null) {
      LOG.debug("listener of {}: nobody listens any more", name);
      gone.close();
    }
  }

  private void ask() {
    Set<String> missing = new HashSet<>(wanted.keySet());
    missing.add(fence);
    Set<String> surplus = new HashSet<>(heard);
    surplus.removeAll(missing);
    missing.removeAll(heard);
    ListenerLink open = link;
    if (open != null && !(missing.isEmpty() && surplus.isEmpty())) {
      asking = true;
      adding = missing;
      dropping = surplus;
      open.send(ChannelNames.listen(missing) + ChannelNames.unlisten(surplus));
    }
    completeSatisfied();
  }

  private void completeSatisfied() {
    for (Member member : members.values()) {
      if (member.satisfied()) {
        CompletableFuture<@Nullable Void> ready = member.waiting;
        member.waiting = null;
        if (member.deaf) {
          member.deaf = false;
          post(member, member.subscriber::restored);
        }
        if (ready != null) {
          post(member, () -> ready.complete(null));
        }
      }
    }
  }

  private void failWaiting(String why) {
    for (Member member : members.values()) {
      CompletableFuture<@Nullable Void> ready = member.waiting;
      member.waiting = null;
      if (ready != null) {
        post(member, () -> ready.completeExceptionally(new IllegalStateException(why)));
      }
    }
  }

  private void tellLost(Member member) {
    member.counters.listenerChannels(0);
    if (!member.deaf) {
      member.deaf = true;
      if (!post(member, member.subscriber::lost)) {
        members.remove(member.id);
        change(member, Set.of());
      }
    }
  }

  /** False if the session's loop is gone, and the session with it. */
  private static boolean post(Member member, Runnable task) {
    try {
      member.subscriber.loop().execute(task);
      return true;
    } catch (RejectedExecutionException e) {
      return false;
    }
  }

  private final class Events implements ListenerLink.Events {
    private final int number;

    Events(int number) {
      this.number = number;
    }

    @Override
    public void answered(@Nullable String failure) {
      synchronized (SharedListener.this) {
        ListenerLink open = link;
        if (number != connection || !asking) {
          return;
        }
        asking = false;
        if (failure != null && open != null) {
          LOG.warn("listener of {}: {}", name, failure);
          open.close();
          return;
        }
        heard.addAll(adding);
        heard.removeAll(dropping);
        pause = FIRST_PAUSE;
        members.values().stream()
            .findAny()
            .ifPresent(any -> any.counters.listenerChannels(channelCount()));
        drive();
      }
    }

    @Override
    public void notified(List<Notification> notifications) {
      synchronized (SharedListener.this) {
        if (number == connection) {
          deliver(notifications);
        }
      }
    }

    @Override
    public void closed(String why) {
      synchronized (SharedListener.this) {
        if (number != connection) {
          return;
        }
        LOG.warn("listener of {}: {}", name, why);
        List.copyOf(members.values()).forEach(SharedListener.this::tellLost);
        rest();
      }
    }
  }

  private void deliver(List<Notification> notifications) {
    Map<Member, List<Notification>> each = new HashMap<>();
    for (Notification notification : notifications) {
      if (notification.channel().equals(fence)) {
        Member owner = owner(notification.payload());
        if (owner != null) {
          each.computeIfAbsent(owner, first -> new ArrayList<>()).add(notification);
        }
      } else {
        for (Member member : wanted.getOrDefault(notification.channel(), Set.of())) {
          each.computeIfAbsent(member, first -> new ArrayList<>()).add(notification);
        }
      }
    }
    each.forEach((member, its) -> post(member, () -> member.subscriber.heard(its)));
  }

  private @Nullable Member owner(String payload) {
    int dot = payload.indexOf('.');
    try {
      return dot < 0 ? null : members.get(Long.parseLong(payload.substring(0, dot)));
    } catch (NumberFormatException e) {
      return null; // somebody else's words
    }
  }
}
