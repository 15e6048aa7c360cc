package dev.pooler.postgres.client;

import dev.pooler.core.pool.EvictReason;
import dev.pooler.core.pool.Lease;
import dev.pooler.postgres.session.SessionQuestion;
import dev.pooler.postgres.session.SessionTruth;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The question what a session has left on its backend (READ_BACK, docs/design/session-state.md): it
 * is the judge's, and the answer too; this asks it, also where the client does not wait for the
 * answer. Confined to the session's loop.
 */
final class ReadBack {
  private static final Logger LOG = LoggerFactory.getLogger(ReadBack.class);

  /** So long the backend of a client that is gone is kept to hear what the client has left. */
  private static final int LAST_QUESTION_SECONDS = 5;

  private final PgSession session;
  private final LeaseEnd end;
  private final StatementJudge judge;
  private final PreparedTraffic prepared;
  private final SessionChannels channels;
  private final CancelsUnderWay cancels;

  /** What the session has left is being asked. */
  private boolean reading;

  ReadBack(
      PgSession session,
      LeaseEnd end,
      StatementJudge judge,
      PreparedTraffic prepared,
      SessionChannels channels,
      CancelsUnderWay cancels) {
    this.session = session;
    this.end = end;
    this.judge = judge;
    this.prepared = prepared;
    this.channels = channels;
    this.cancels = cancels;
  }

  /** True while the server is asked. */
  boolean asks() {
    return reading;
  }

  /** Asks the server what the session has left, and decides then. */
  void ask(Lease mine) {
    session.become(PgSessionState.REALIGNING);
    reading = true;
    prepared.onOwnQuery();
    boolean asksChannels = judge.asksChannels();
    boolean plain = reportsUtf8("client_encoding");
    String question = judge.question();
    session
        .backend()
        .ask(plain ? question : SessionQuestion.encoded(question))
        .whenComplete((rows, failure) -> {
          reading = false;
          boolean ended = session.is(PgSessionState.ENDING) && session.lease == mine;
          if (!session.realigns(mine) && !ended) {
            return; // the backend is lost, or the session over
          }
          if (failure == null) {
            List<@Nullable String[]> said = plain ? rows : SessionQuestion.decoded(rows);
            SessionTruth truth = SessionTruth.of(said, session.pool.key().user());
            judge.learn(truth, reportsUtf8("server_encoding"), session.backend());
            prepared.onSettled(session.backend());
            if (ended && asksChannels) {
              judge.channelsHere(); // nobody is left to take them
            } else if (asksChannels) {
              channels.place(mine, truth.channels());
              return;
            }
          } else if (!ended && mine.backend().usable() && cancels.takeMayBeHit()) {
            session.become(PgSessionState.LEASED);
            end.settle(); // which asks again
            return;
          } else {
            LOG.warn(
                "session {}: {} did not tell its state", session.id(), mine.backend(), failure);
            judge.notLearned(session.backend());
          }
          if (ended) {
            end.clean(mine);
          } else {
            session.decideAnew();
          }
        });
  }

  private boolean reportsUtf8(String encoding) {
    return session.backend().reportedSettings().getOrDefault(encoding, "UTF8").equals("UTF8");
  }

  /** Whether the answer is still awaited though the client is gone. */
  boolean outlives(Lease mine) {
    if (!reading || !mine.backend().usable()) {
      return false;
    }
    // Clients that go at once would cost a backend each, and what they asked were never known.
    mine.backend().detach();
    session
        .channel
        .eventLoop()
        .schedule(() -> notTold(mine), LAST_QUESTION_SECONDS, TimeUnit.SECONDS);
    return true;
  }

  /** The server takes too long to tell what the session, which is over, has left. */
  private void notTold(Lease mine) {
    if (session.lease == mine && reading) {
      session.lease = null;
      mine.evict(EvictReason.CLIENT_GONE);
      session.become(PgSessionState.ENDED);
    }
  }
}
