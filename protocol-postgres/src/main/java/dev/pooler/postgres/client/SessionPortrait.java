package dev.pooler.postgres.client;

import dev.pooler.core.config.PoolMode;
import dev.pooler.core.pool.Backend;
import dev.pooler.core.pool.Leftovers;
import dev.pooler.core.session.SessionDetail;
import dev.pooler.core.session.SessionDetail.WaitsFor;
import dev.pooler.core.session.SessionReport;
import dev.pooler.core.session.SessionReport.Progress;
import dev.pooler.postgres.statement.SessionBackend;
import io.netty.buffer.ByteBuf;
import java.time.Instant;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What administrators see of a session. Changes nothing. On the session's loop. */
final class SessionPortrait {
  private final PgSession session;
  private final StatementJudge judge;
  private final PreparedTraffic prepared;
  private final SessionChannels channels;
  private final ClientFrames frames;
  private final CancelsUnderWay cancels;
  private final LeaseEnd leaseEnd;
  private final LastStatement last;

  SessionPortrait(
      PgSession session,
      StatementJudge judge,
      PreparedTraffic prepared,
      SessionChannels channels,
      ClientFrames frames,
      CancelsUnderWay cancels,
      LeaseEnd leaseEnd,
      LastStatement last) {
    this.session = session;
    this.judge = judge;
    this.prepared = prepared;
    this.channels = channels;
    this.frames = frames;
    this.cancels = cancels;
    this.leaseEnd = leaseEnd;
    this.last = last;
  }

  WaitsFor waitsFor(PgSessionState state, @Nullable Backend backend) {
    boolean reads = session.channel.isWritable();
    return switch (state) {
      case IDLE -> reads ? WaitsFor.NOTHING : WaitsFor.CLIENT_READS;
      case ENDED -> WaitsFor.NOTHING;
      case WELCOMING, WAITING ->
          backend != null
              ? WaitsFor.SETTINGS
              : session.pool.paused() ? WaitsFor.RESUME : WaitsFor.BACKEND;
      case REALIGNING, ENDING -> waitsForBackendsAnswer(state);
      case ALIGNING -> WaitsFor.SETTINGS;
      case STALLED -> reads ? WaitsFor.SERVER : WaitsFor.CLIENT_READS;
      case LEASED ->
          !reads
              ? WaitsFor.CLIENT_READS
              : backend != null && backend.owes() && !isClientsTurn(backend)
                  ? WaitsFor.SERVER
                  : WaitsFor.CLIENT;
    };
  }

  private WaitsFor waitsForBackendsAnswer(PgSessionState state) {
    if (cancels.awaited() || (cancels.any() && !state.open())) {
      return WaitsFor.CANCEL;
    }
    return leaseEnd.asks()
        ? WaitsFor.QUESTION
        : channels.moving() ? WaitsFor.CHANNELS : WaitsFor.SETTINGS;
  }

  /** Whether the client has begun a message, a batch or a COPY, and has not ended it. */
  private boolean isClientsTurn(Backend backend) {
    boolean open = frames.midForward() || ((SessionBackend) backend).awaitsClient();
    return open && backend.channel().isWritable();
  }

  /**
   * All that is known of it.
   *
   * @param asked by the clock of the ticks: when it last wanted a backend
   */
  SessionReport whole(PgSessionState state, PoolMode mode, long asked, SessionDetail detail) {
    ShownSettings settings = ShownSettings.of(judge.settings());
    return new SessionReport(
        detail,
        state.name().toLowerCase(Locale.ROOT),
        mode,
        session.draining(),
        session.toldProcessId(),
        session.queue(),
        statement(state, asked),
        session.server(),
        settings.shown(),
        settings.count(),
        judge.leftovers() == Leftovers.IN_DOUBT,
        prepared.named(),
        prepared.unnamed(),
        judge.preparedByText(),
        channels.report(),
        new SessionReport.Memory(
            session.memory.used(),
            session.memory.most(),
            session.held.bytes(),
            channels.waiting()));
  }

  private SessionReport.@Nullable Statement statement(PgSessionState state, long asked) {
    ByteBuf first = session.held.look();
    if (first != null && (state == PgSessionState.WAITING || state == PgSessionState.ALIGNING)) {
      String text = HeldStatement.text(first, judge.dialect(), prepared);
      return new SessionReport.Statement(text, Progress.WAITS, instant(asked), 1);
    }
    if (!last.any()) {
      return null;
    }
    Instant since = instant(last.since());
    return last.open()
        ? new SessionReport.Statement(last.text(), Progress.RUNS, since, Math.max(1, judge.asked()))
        : new SessionReport.Statement(last.text(), Progress.ANSWERED, since, 0);
  }

  private Instant instant(long tick) {
    return Instant.now().minus(session.leases.since(tick));
  }
}
