package dev.pooler.postgres.client;

import dev.pooler.core.config.PoolMode;
import dev.pooler.core.pool.Lease;
import dev.pooler.core.pool.TransactionState;
import dev.pooler.core.session.CloseReason;
import dev.pooler.core.session.SessionReport;
import dev.pooler.core.session.SqlFailure;
import dev.pooler.postgres.codec.PgFrameFormat;
import dev.pooler.postgres.listen.Hearing;
import dev.pooler.postgres.listen.Notification;
import dev.pooler.postgres.listen.SharedListener;
import dev.pooler.postgres.listen.Speakers;
import dev.pooler.postgres.message.Frontend;
import dev.pooler.postgres.statement.SessionBackend;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where the channels are that a session listens to: on its backend, at the shared listener, or
 * nowhere, because it doesn't listen. Has them moved when a transaction is over, and back before a
 * message that may touch them (docs/design/listen.md). Confined to the session's loop; while they
 * move the session is REALIGNING.
 */
final class SessionChannels {
  private final PgSession session;
  private final StatementJudge judge;
  private final ChannelsAhead ahead;

  /**
   * That of the session's own pool, which a reload may have replaced since: the new one's may be at
   * another server. Null where nobody can listen for the session.
   */
  private final @Nullable SharedListener listener;

  /** Who hears for the session; null while nobody else listens for it. */
  private @Nullable Listening listening;

  /** A batch of the extended protocol has been begun whose Sync has not been sent; if listening. */
  private boolean midBatch;

  /** What was sent before a message that waits has to be answered first. */
  private boolean awaitsAnswers;

  /** What a message of the client has to wait for. */
  enum Wait {
    NOTHING,
    /** All that was sent before it is answered; see {@link #takeAnswered}. */
    ANSWERS,
    /** The channels are on the session's backend; see {@link #bring}. */
    CHANNELS
  }

  SessionChannels(PgSession session, StatementJudge judge, PreparedTraffic prepared) {
    this.session = session;
    this.judge = judge;
    this.listener = session.door.listeners().of(session.pool());
    this.ahead = new ChannelsAhead(session.door, judge, prepared);
  }

  /** Whether somebody else listens for the session. */
  boolean shared() {
    return listening != null;
  }

  // --- in front of a message -----------------------------------------------------------------

  /** Whether this message may go to the backend now. */
  Wait before(int type, ByteBuf in, int index, int available, SessionBackend backend) {
    Listening mine = listening;
    if (mine == null) {
      return Wait.NOTHING;
    }
    if (mine.place() == Hearing.Place.LISTENER
        && backend.transactionState() == TransactionState.IDLE
        && !midBatch
        && ahead.touchesChannels(type, in, index, available)) {
      awaitsAnswers = backend.owes();
      return awaitsAnswers ? Wait.ANSWERS : Wait.CHANNELS;
    }
    midBatch = type != Frontend.QUERY && type != Frontend.FUNCTION_CALL;
    return Wait.NOTHING;
  }

  /** An Execute is sent. */
  void onExecute() {
    midBatch = listening != null;
  }

  /** A Sync is sent, or has been skipped to. */
  void onSync() {
    midBatch = false;
  }

  /** Whether what the next message waited for has been answered. */
  boolean takeAnswered() {
    if (!awaitsAnswers || session.leased().backend().owes()) {
      return false;
    }
    awaitsAnswers = false;
    return true;
  }

  /** The next message may touch the channels: they go to the session's backend first. */
  void bring() {
    Listening ear = listening;
    if (ear == null) {
      throw new IllegalStateException(session + " listens to nothing");
    }
    takeBack(session.leased(), ear, session::goOn);
  }

  // --- when a transaction is over ------------------------------------------------------------

  /** The session's backend listens to these: the shared listener takes them over. */
  void place(Lease mine, Set<String> channels) {
    if (!channels.isEmpty() && listening == null) {
      SharedListener shared = listener;
      listening = shared == null ? null : new Listening(new Ear(), shared, session.pool.counters());
    }
    Listening ear = listening;
    if (ear != null && ear.place() == Hearing.Place.LISTENER) {
      // Nobody could see that the channels were to be touched: by code that is new, or not at all.
      judge.channelsSettled(false);
      if (channels.isEmpty()) {
        session.decideAnew();
      } else {
        takeBack(mine, ear, session::decideAnew);
      }
      return;
    }
    if (ear == null || channels.isEmpty() || !counts(channels, ear)) {
      placed(false, !channels.isEmpty());
      return;
    }
    judge.channelsHere(); // if the session ends before it is settled
    ear.leave(channels, session.backend())
        .whenComplete((left, never) -> {
          if (session.realigns(mine)) {
            placed(left, !left);
          }
        });
  }

  /** Whether there is room to keep their names; else the backend keeps them. */
  private boolean counts(Set<String> channels, Listening ear) {
    long before = ear.channelBytes;
    long now = SessionMemory.sizeOf(channels);
    if (now > before && !session.memory.take(now - before)) {
      return false;
    }
    if (now < before) {
      session.memory.give(before - now);
    }
    ear.channelBytes = now;
    return true;
  }

  /** They are at the shared listener, on the backend alone, or there are none. */
  private void placed(boolean atListener, boolean onBackend) {
    judge.channelsSettled(onBackend);
    if (!atListener) {
      end();
    }
    session.decideAnew();
  }

  private void takeBack(Lease mine, Listening ear, Runnable next) {
    judge.channelsHere();
    ear.comeBack(session.backend())
        .whenComplete((back, never) -> {
          if (!session.realigns(mine)) {
            return;
          }
          if (back) {
            next.run();
          } else {
            session.fail(
                SqlFailure.backendLost("it could not listen to the session's channels"),
                CloseReason.BACKEND_LOST);
          }
        });
  }

  /**
   * Whether the session has to hear for itself from now on, because the listener hears in one
   * encoding and the session has left that; see {@link #leaveListener}.
   */
  boolean mustLeaveListener() {
    Listening ear = listening;
    return ear != null
        && ear.place() == Hearing.Place.LISTENER
        && !Listening.serves(session.backend());
  }

  void leaveListener() {
    Listening ear = listening;
    if (ear != null) {
      takeBack(session.leased(), ear, () -> placed(false, true));
    }
  }

  // --- what is heard -------------------------------------------------------------------------

  /** Tells the client what is due, as far as it may be told and reads. */
  void tell() {
    Listening mine = listening;
    if (mine != null) {
      mine.tell();
    }
  }

  /** The backend notifies; whether that goes to the client, with the process ids it knows. */
  boolean onNotification(ByteBuf in, int index, int length, PoolMode mode) {
    if (mode != PoolMode.SESSION && !judge.mayHear()) {
      return false;
    }
    SessionBackend backend = session.backend();
    Listening mine = listening;
    Speakers.Speaker speakers = backend.speaker();
    if (mine != null && !mine.onBackend(Notification.read(in, index, length, speakers))) {
      return false;
    }
    int place = index + PgFrameFormat.HEADER;
    int speaker = in.getInt(place);
    int told = session.toldProcessId();
    int itsTold = speakers.told(speaker);
    // Its own words come from its own backend: another backend is somebody else's by now.
    boolean own = speaker == backend.processId();
    in.setInt(place, own ? told : itsTold == told ? speaker : itsTold);
    session.pool.counters().notified();
    return true;
  }

  /** What it listens to, for people; null where it listens to nothing. */
  SessionReport.@Nullable Listens report() {
    Listening mine = listening;
    if (mine == null) {
      return judge.keepsChannels() ? new SessionReport.Listens("backend", List.of(), 0) : null;
    }
    Set<String> all = mine.channels();
    String place =
        switch (mine.place()) {
          case BACKEND -> "backend";
          case LISTENER -> "listener";
          case LEAVING, COMING -> "moving";
        };
    List<String> some = all.stream().limit(SessionReport.MOST).sorted().toList();
    return new SessionReport.Listens(place, some, all.size());
  }

  /** Whether they move now. */
  boolean moving() {
    Listening mine = listening;
    return mine != null
        && (mine.place() == Hearing.Place.LEAVING || mine.place() == Hearing.Place.COMING);
  }

  /** What waits for the client, in bytes. */
  int waiting() {
    return listening == null ? 0 : listening.waiting();
  }

  /** Nobody else listens for the session from now on. */
  void end() {
    Listening mine = listening;
    listening = null;
    if (mine != null) {
      mine.end();
      session.memory.give(mine.channelBytes);
    }
  }

  /** What the ear of this session needs of it. */
  private final class Ear implements Listening.Host {
    @Override
    public EventLoop eventLoop() {
      return session.channel.eventLoop();
    }

    @Override
    public int told() {
      return session.toldProcessId();
    }

    @Override
    public boolean mayTell() {
      return session.mayBeTold();
    }

    @Override
    public boolean isWritable() {
      return session.channel.isWritable();
    }

    @Override
    public ByteBuf buffer(int bytes) {
      return session.channel.alloc().buffer(bytes);
    }

    @Override
    public void tell(ByteBuf messages, int count) {
      session.pool.counters().fromBackend(messages.readableBytes());
      session.out.append(messages);
      session.out.flush();
      session.pool.counters().notified(count);
    }

    @Override
    public boolean hold(int bytes) {
      return session.door.limits().kept().take(bytes);
    }

    @Override
    public void letGo(int bytes) {
      session.door.limits().kept().give(bytes);
    }

    @Override
    public void onGap() {
      session.fail(
          SqlFailure.fatal(
                  "57P01",
                  1053,
                  "the backend that listens for this session was lost: notifications"
                      + " may have been missed")
              .withHint("Connect again, or set listen-gap: notice for this database."),
          CloseReason.NOTIFICATIONS_LOST);
    }

    @Override
    public void onUnread() {
      session.fail(
          SqlFailure.fatal("53200", 1041, "too many notifications wait for this client")
              .withDetail(
                  "They are passed between transactions, and as fast as the client reads them.")
              .withHint(
                  "Read more often, make transactions shorter, or raise limits.session-memory."),
          CloseReason.NOTIFICATIONS_UNREAD);
    }
  }
}
