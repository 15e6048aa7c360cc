package dev.pooler.core.pool.hikari;

import dev.pooler.core.config.PoolKey;
import dev.pooler.core.pool.Shortage;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * How many backends a database and a user may have over all their pools. A pool opens one with a
 * {@link Permit}. Where there is none left, the pool whose session has waited longest gets the
 * next; one that only wants to hold a backend ready gets what nobody waits for. Meanwhile the pools
 * that have what is missing are asked for an idle backend, and after a while for the next that
 * becomes free.
 *
 * <p>One lock for all: it is taken when a backend is opened or closed, and held for a glance.
 * {@link #take} blocks; all others may be called from any thread but an event loop.
 */
public final class BackendLimits {
  /** Signals tell of permits; that a session waits no more, or has begun to, is looked for. */
  private static final long LOOK_AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  /**
   * A session that has waited so long gets the place of a backend that is in constant use. Less,
   * and two busy pools would do little but connect.
   */
  private static final long PATIENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

  private static final String OF_USER =
      "limits.user-backends (or limits.backends of this user in users)";

  /** A pool that opens backends within the limits. Its methods return at once. */
  interface Tenant {
    PoolKey key();

    /** As LeasePool's: Long.MAX_VALUE where no session waits. */
    long waitingSince();

    /** Nanoseconds of the clock that this is told by. */
    long now();

    /** Holds fewer backends ready than it should. */
    boolean wantsSpare();

    /** Nobody asks it for a backend at the moment, or ever again. */
    boolean unasked();

    /** Has an idle backend closed, if there is one: false if there was none at a glance. */
    boolean yieldIdle();

    /** Has the next backend closed that becomes free, or takes that back. */
    void yieldNext(boolean yes);

    /** What it waits for, for those who wait in vain; null when it doesn't any more. */
    void shortOf(@Nullable Shortage what);
  }

  private final ToIntFunction<String> mostOfDatabase;
  private final ToIntFunction<String> mostOfUser;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Map<String, Integer> databases = new HashMap<>();
  private final Map<String, Integer> users = new HashMap<>();
  private final Map<Tenant, Integer> holders = new HashMap<>();
  private final List<Waiting> waiting = new ArrayList<>();

  /**
   * Limits by name; zero is none. They are asked each time.
   *
   * @param ofDatabase by the name of {@link PoolKey#name}
   * @param ofUser the user that backends log in as
   */
  public BackendLimits(ToIntFunction<String> ofDatabase, ToIntFunction<String> ofUser) {
    this.mostOfDatabase = ofDatabase;
    this.mostOfUser = ofUser;
  }

  /** No limits. */
  public static BackendLimits none() {
    return new BackendLimits(name -> 0, name -> 0);
  }

  /** The right to one backend, until it is given back; giving it back again changes nothing. */
  final class Permit {
    private final Tenant tenant;
    private boolean given = true;

    private Permit(Tenant tenant) {
      this.tenant = tenant;
    }

    void giveBack() {
      lock.lock();
      try {
        if (given) {
          given = false;
          count(tenant, -1);
          changed.signalAll();
        }
      } finally {
        lock.unlock();
      }
    }
  }

  /** A pool on its way to a permit. */
  private static final class Waiting {
    private final Tenant tenant;
    private long since;

    /** When an idle backend was asked for, and when the next free one; not before this began. */
    private long askedIdle;

    private long askedNext;
    private @Nullable Tenant asked;

    private Waiting(Tenant tenant) {
      this.tenant = tenant;
      askedIdle = tenant.now() - PATIENCE_NANOS;
      askedNext = askedIdle;
    }
  }

  /** The limits, or who waits, may have changed: those who wait for a permit look again. */
  public void look() {
    lock.lock();
    try {
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Backends of a pool that there is a permit for, being connected or open. */
  int held(Tenant tenant) {
    lock.lock();
    try {
      return holders.getOrDefault(tenant, 0);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits for a permit, for as long as somebody needs it.
   *
   * @return null when nobody does any more
   */
  @Nullable Permit take(Tenant tenant) throws InterruptedException {
    lock.lockInterruptibly();
    Waiting me = new Waiting(tenant);
    try {
      if (hasRoom(tenant) && waiting.isEmpty()) {
        return permit(tenant);
      }
      waiting.add(me);
      while (true) {
        me.since = tenant.waitingSince();
        boolean needed = urgent(me) || tenant.wantsSpare();
        if (!needed && tenant.unasked()) {
          return null;
        }
        if (needed && hasRoom(tenant)) {
          if (!overtakes(me)) {
            return permit(tenant);
          }
          changed.signalAll(); // whoever is to go first may be asleep
        } else if (needed) {
          askForRoom(me);
        }
        changed.awaitNanos(LOOK_AGAIN_NANOS);
      }
    } finally {
      waiting.remove(me);
      tenant.shortOf(null);
      takeBack(me);
      lock.unlock();
    }
  }

  private Permit permit(Tenant tenant) {
    count(tenant, 1);
    return new Permit(tenant);
  }

  private void count(Tenant tenant, int change) {
    add(databases, tenant.key().name(), change);
    add(users, tenant.key().user(), change);
    add(holders, tenant, change);
  }

  private static <K> void add(Map<K, Integer> counts, K key, int change) {
    counts.merge(key, change, (a, b) -> a + b == 0 ? null : Integer.valueOf(a + b));
  }

  private static boolean urgent(Waiting one) {
    return one.since != Long.MAX_VALUE;
  }

  private boolean hasRoom(Tenant tenant) {
    return databaseHasRoom(tenant) && userHasRoom(tenant);
  }

  private boolean databaseHasRoom(Tenant tenant) {
    return below(mostOfDatabase, databases, tenant.key().name());
  }

  private boolean userHasRoom(Tenant tenant) {
    return below(mostOfUser, users, tenant.key().user());
  }

  private static boolean below(ToIntFunction<String> most, Map<String, Integer> now, String name) {
    int limit = most.applyAsInt(name);
    return limit == 0 || now.getOrDefault(name, 0) < limit;
  }

  /** Whether another pool could use this room, and has waited longer. */
  private boolean overtakes(Waiting me) {
    for (Waiting other : waiting) {
      if (other != me && before(other, me) && compete(other, me) && hasRoom(other.tenant)) {
        return true;
      }
    }
    return false;
  }

  private static boolean before(Waiting one, Waiting other) {
    // Clocks compare by difference; who doesn't wait is last.
    return urgent(one) && (!urgent(other) || one.since - other.since < 0);
  }

  private boolean compete(Waiting one, Waiting other) {
    PoolKey mine = one.tenant.key();
    PoolKey theirs = other.tenant.key();
    return (mine.name().equals(theirs.name()) && mostOfDatabase.applyAsInt(mine.name()) > 0)
        || (mine.user().equals(theirs.user()) && mostOfUser.applyAsInt(mine.user()) > 0);
  }

  /** Has others give up what is missing; a pool that only wants a spare one waits. */
  private void askForRoom(Waiting me) {
    PoolKey key = me.tenant.key();
    boolean ofDatabase = !databaseHasRoom(me.tenant);
    me.tenant.shortOf(
        ofDatabase
            ? full("database", key.name(), mostOfDatabase, "databases.*.limits.backends")
            : full("user", key.user(), mostOfUser, OF_USER));
    if (!urgent(me)) {
      return;
    }
    long now = me.tenant.now();
    if (now - me.askedIdle < LOOK_AGAIN_NANOS) {
      return; // what was asked for may be on its way
    }
    me.askedIdle = now;
    List<Tenant> givers = givers(me, ofDatabase);
    boolean yielded = givers.stream().anyMatch(Tenant::yieldIdle); // the first that can
    if (!yielded && now - me.since >= PATIENCE_NANOS && now - me.askedNext >= PATIENCE_NANOS) {
      me.askedNext = now;
      askForNext(me, givers);
    }
  }

  private static void askForNext(Waiting me, List<Tenant> givers) {
    takeBack(me);
    for (Tenant giver : givers) {
      long theirs = giver.waitingSince();
      if (theirs == Long.MAX_VALUE || me.since - theirs < 0) {
        me.asked = giver;
        giver.yieldNext(true);
        return;
      }
    }
  }

  private static Shortage full(String kind, String name, ToIntFunction<String> most, String key) {
    int limit = most.applyAsInt(name);
    return new Shortage(kind + " \"" + name + "\" has its " + limit + " backends", key);
  }

  /** Other pools with backends that count against the same limit, those with most first. */
  private List<Tenant> givers(Waiting me, boolean ofDatabase) {
    PoolKey key = me.tenant.key();
    List<Tenant> givers = new ArrayList<>();
    for (Tenant holder : holders.keySet()) {
      PoolKey theirs = holder.key();
      boolean shares =
          ofDatabase ? theirs.name().equals(key.name()) : theirs.user().equals(key.user());
      if (shares && holder != me.tenant) {
        givers.add(holder);
      }
    }
    givers.sort(Comparator.comparingInt((Tenant giver) -> -holders.getOrDefault(giver, 0)));
    return givers;
  }

  private static void takeBack(Waiting me) {
    Tenant asked = me.asked;
    if (asked != null) {
      me.asked = null;
      asked.yieldNext(false);
    }
  }
}
