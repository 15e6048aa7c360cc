package dev.pooler.core.lifecycle;

import dev.pooler.core.session.CloseReason;
import dev.pooler.core.session.Session;
import dev.pooler.core.session.SessionRegistry;
import dev.pooler.core.session.SqlFailure;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The end of a server without an error that could be spared: sessions without a transaction end at
 * once, the others with their transaction, and those that take too long are closed. Its methods
 * block and run on a thread that may.
 */
public final class Drain {
  private static final Logger LOG = LoggerFactory.getLogger(Drain.class);
  private static final Duration LOOK_AGAIN = Duration.ofMillis(20);
  private static final Duration GOODBYE = Duration.ofSeconds(1);

  private final SessionRegistry sessions;
  private final AtomicBoolean begun = new AtomicBoolean();

  public Drain(SessionRegistry sessions) {
    this.sessions = sessions;
  }

  /** True for the first caller alone: from then on no new session is taken. */
  public boolean begin() {
    return begun.compareAndSet(false, true);
  }

  public boolean begun() {
    return begun.get();
  }

  /** Asks every session to end and waits until they have, or until {@code patience} is over. */
  public void run(Duration patience) {
    LOG.info("draining {} sessions, {} s at most", sessions.size(), patience.toSeconds());
    sessions.all().forEach(Session::drain);
    awaitNone(patience);
    if (sessions.size() > 0) {
      LOG.warn("{} sessions did not end in time and are closed", sessions.size());
    }
  }

  /** Closes what is left. */
  public void endSessions() {
    if (sessions.size() > 0) {
      sessions.all().forEach(s -> s.close(CloseReason.DRAINING, SqlFailure.draining()));
      awaitNone(GOODBYE);
    }
  }

  private void awaitNone(Duration patience) {
    long until = System.nanoTime() + patience.toNanos();
    while (sessions.size() > 0 && System.nanoTime() - until < 0) {
      LockSupport.parkNanos(LOOK_AGAIN.toNanos());
      // Sessions that had been logging in when the drain began.
      sessions.all().forEach(Session::drain);
    }
  }
}
