package dev.pooler.postgres.client;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * A batch that the server has refused because a statement of it is outdated: it is sent again, or
 * answered as cancelled where its cancel has come meanwhile. Confined to the session's loop.
 */
final class RepeatedBatch {
  private final PgSession session;
  private final StatementJudge judge;
  private final PreparedTraffic prepared;
  private final ClientFrames frames;
  private final CancelsUnderWay cancels;
  private final ClientWords words;

  /** A batch that is sent again once the backend has the session's settings. */
  private @Nullable ByteBuf repeats;

  /** A cancel came for it. */
  private boolean cancelled;

  RepeatedBatch(
      PgSession session,
      StatementJudge judge,
      PreparedTraffic prepared,
      ClientFrames frames,
      CancelsUnderWay cancels,
      ClientWords words) {
    this.session = session;
    this.judge = judge;
    this.prepared = prepared;
    this.frames = frames;
    this.cancels = cancels;
    this.words = words;
  }

  /** Whether it waits: for the session's settings, or for the end of its cancel. */
  boolean waits() {
    return repeats != null;
  }

  /**
   * The server has refused it.
   *
   * @param requests its messages; taken over
   * @param missed a cancel that was meant for it has hit nothing
   */
  void onRefused(ByteBuf requests, boolean missed) {
    boolean stalled = session.is(PgSessionState.STALLED);
    if (stalled) {
      session.become(PgSessionState.LEASED); // what came later still waits
    }
    boolean aligned = session.backend().aligned(judge.settings());
    if (missed || !aligned) {
      session.become(PgSessionState.REALIGNING);
      repeats = requests;
      cancelled = missed;
      if (!missed) {
        // They were in front of the batch, and have been taken back with it.
        prepared.onOwnQuery();
        session.backend().align(judge.settings());
      } else if (cancels.any()) {
        cancels.await(); // else it would hit what comes next
      } else {
        cancelRepeat();
      }
      return;
    }
    repeat(requests);
    if (stalled && session.is(PgSessionState.LEASED)) {
      session.become(PgSessionState.STALLED);
    }
    session.flushBackend();
  }

  /** It is answered as cancelled when it is no longer waited for. */
  void cancel() {
    cancelled = true;
  }

  /** The backend has the session's settings: it need not wait any longer. */
  void onAligned() {
    ByteBuf requests = repeats;
    if (cancelled || requests == null) {
      cancelRepeat();
    } else {
      repeats = null;
      session.become(PgSessionState.LEASED);
      repeat(requests);
      session.resumeAll();
    }
  }

  private void repeat(ByteBuf requests) {
    try {
      frames.repeat(requests);
    } finally {
      requests.release();
    }
  }

  /** As the server would answer a batch that is cancelled. */
  void cancelRepeat() {
    drop();
    session.backend().forgetBatch();
    cancelled = false;
    session.become(PgSessionState.LEASED);
    words.errorAndReady(PgSession.canceled());
    session.answeredHere();
  }

  void drop() {
    ByteBuf never = repeats;
    repeats = null;
    if (never != null) {
      never.release();
    }
  }
}
