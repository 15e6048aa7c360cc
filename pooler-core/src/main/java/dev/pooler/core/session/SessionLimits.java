package dev.pooler.core.session;

import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * What all sessions together may take: their number, that of each database and each user, the bytes
 * held for clients that wait for a backend, and those that sessions have kept. Thread-safe.
 */
public final class SessionLimits {
  private final int clients;
  private final long heldBytes;
  private final MemoryBudget kept;
  private final AtomicInteger open = new AtomicInteger();
  private final AtomicLong held = new AtomicLong();
  private final ClientCounts databases = new ClientCounts();
  private final ClientCounts users = new ClientCounts();
  private volatile ToIntFunction<String> mostOfDatabase = name -> 0;
  private volatile ToIntFunction<String> mostOfUser = name -> 0;

  /**
   * @param clients sessions at once
   * @param heldBytes bytes held at once for waiting clients
   * @param keptBytes bytes kept for sessions beyond their transactions
   */
  public SessionLimits(int clients, long heldBytes, long keptBytes) {
    this.clients = clients;
    this.heldBytes = heldBytes;
    this.kept = new MemoryBudget(keptBytes);
  }

  public int clients() {
    return clients;
  }

  /** Counts a session in; false when there are too many, and then nothing is counted. */
  public boolean enter() {
    if (open.incrementAndGet() > clients) {
      open.decrementAndGet();
      return false;
    }
    return true;
  }

  public void leave() {
    open.decrementAndGet();
  }

  /**
   * What single databases and users may have, by name; zero is as many as come. Asked at each
   * login, so that it may change with a reload.
   */
  public void perName(ToIntFunction<String> ofDatabase, ToIntFunction<String> ofUser) {
    mostOfDatabase = ofDatabase;
    mostOfUser = ofUser;
  }

  /**
   * Counts a client in for its database and its user, until {@link #leave(String, String)}.
   *
   * @return null, or what it is to be told when there are too many; then nothing is counted
   */
  public @Nullable SqlFailure enter(String database, String user) {
    int ofDatabase = mostOfDatabase.applyAsInt(database);
    if (!databases.enter(database, ofDatabase)) {
      return SqlFailure.tooManyClients("database", database, ofDatabase)
          .withHint("Raise databases.*.limits.clients for it, or open fewer connections.");
    }
    int ofUser = mostOfUser.applyAsInt(user);
    if (!users.enter(user, ofUser)) {
      databases.leave(database);
      return SqlFailure.tooManyClients("user", user, ofUser)
          .withHint(
              "Raise limits.user-clients, or limits.clients of this user in users, or open fewer"
                  + " connections.");
    }
    return null;
  }

  public void leave(String database, String user) {
    databases.leave(database);
    users.leave(user);
  }

  public int clientsOfDatabase(String name) {
    return databases.of(name);
  }

  public int clientsOfUser(String name) {
    return users.of(name);
  }

  /** Users that have a client. */
  public Set<String> users() {
    return users.names();
  }

  public int openSessions() {
    return open.get();
  }

  /** Counts bytes held for a waiting client; false when the budget is spent. */
  public boolean hold(int bytes) {
    if (held.addAndGet(bytes) > heldBytes) {
      held.addAndGet(-bytes);
      return false;
    }
    return true;
  }

  public void letGo(int bytes) {
    held.addAndGet(-bytes);
  }

  public long heldBytes() {
    return held.get();
  }

  /** What sessions make us keep on the heap beyond their transactions. */
  public MemoryBudget kept() {
    return kept;
  }
}
