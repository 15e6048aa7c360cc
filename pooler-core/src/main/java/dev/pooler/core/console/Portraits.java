package dev.pooler.core.console;

import dev.pooler.core.session.Session;
import dev.pooler.core.session.SessionDetail;
import dev.pooler.core.session.SessionReport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Asks sessions for their state: each answers on its own loop, between two of its clients'
 * requests. Sessions whose loop does not answer in time, or that ended meanwhile, are left out.
 * Blocks.
 */
public final class Portraits {
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  private Portraits() {}

  /** The whole state of one; null where it does not answer, or there is none. */
  public static @Nullable SessionReport whole(@Nullable Session session) {
    if (session == null) {
      return null;
    }
    try {
      return session.report().toCompletableFuture().get(PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    } catch (RejectedExecutionException | ExecutionException | TimeoutException e) {
      return null;
    }
  }

  /** All these sessions in short, by id. */
  public static List<SessionDetail> of(Collection<? extends Session> sessions) {
    List<CompletableFuture<SessionDetail>> asked = new ArrayList<>();
    for (Session session : sessions) {
      try {
        asked.add(session.describe().toCompletableFuture());
      } catch (RejectedExecutionException e) {
        // Its loop has ended, and so has the session.
      }
    }
    long until = System.nanoTime() + PATIENCE.toNanos();
    List<SessionDetail> told = new ArrayList<>();
    for (CompletableFuture<SessionDetail> one : asked) {
      try {
        long left = Math.max(0, until - System.nanoTime());
        told.add(one.get(left, TimeUnit.NANOSECONDS));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        break;
      } catch (ExecutionException | TimeoutException e) {
        // It is left out.
      }
    }
    told.sort(Comparator.comparingLong(SessionDetail::id));
    return told;
  }
}
