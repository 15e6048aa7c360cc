package dev.pooler.core.session;

import java.util.Collection;
import java.util.Collections;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** All open sessions. Thread-safe; reading it takes no lock of the data path. */
public final class SessionRegistry {
  private final ConcurrentHashMap<Long, Session> sessions = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<Long, Session> timed = new ConcurrentHashMap<>();
  private final AtomicLong ids = new AtomicLong();

  /** A number no other session of this process has. */
  public long nextId() {
    return ids.incrementAndGet();
  }

  public void add(Session session) {
    sessions.put(session.id(), session);
    if (session.timed()) {
      timed.put(session.id(), session);
    }
  }

  public void remove(Session session) {
    sessions.remove(session.id());
    timed.remove(session.id());
  }

  public Collection<Session> all() {
    return Collections.unmodifiableCollection(sessions.values());
  }

  /** The open session of this number, or null. */
  public @Nullable Session find(long id) {
    return sessions.get(id);
  }

  /** Those that want ticks. */
  public Collection<Session> timed() {
    return timed.values();
  }

  public int size() {
    return sessions.size();
  }
}
