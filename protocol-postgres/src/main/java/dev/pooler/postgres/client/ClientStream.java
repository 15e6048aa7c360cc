package dev.pooler.postgres.client;

import dev.pooler.core.session.CloseReason;
import dev.pooler.core.session.SqlFailure;
import dev.pooler.core.wire.ProtocolViolation;
import io.netty.buffer.ByteBuf;

/**
 * What a client sends, in order: to its backend where there is one ({@link ClientFrames}), else to
 * {@link FramesBeforeLease}, or held while it has to wait. Confined to the session's loop.
 */
final class ClientStream {
  private final PgSession session;
  private final ClientFrames frames;
  private final FramesBeforeLease before;
  private final SessionChannels channels;

  ClientStream(
      PgSession session, ClientFrames frames, FramesBeforeLease before, SessionChannels channels) {
    this.session = session;
    this.frames = frames;
    this.before = before;
    this.channels = channels;
  }

  /** Bytes from the client; the caller keeps {@code in}. */
  void onBytes(ByteBuf in, PgSessionState state) {
    try {
      switch (state) {
        case LEASED -> walk(in);
        case IDLE -> {
          if (session.held.look() == null) {
            route(in);
          } else {
            hold(in);
            routeHeld();
          }
        }
        case WELCOMING, WAITING, ALIGNING, REALIGNING, STALLED -> hold(in);
        case ENDING, ENDED -> {}
      }
    } catch (ProtocolViolation e) {
      session.fail(
          SqlFailure.protocolViolation(String.valueOf(e.getMessage())),
          CloseReason.CLIENT_PROTOCOL_VIOLATION);
    }
  }

  private void walk(ByteBuf in) {
    switch (frames.walk(in)) {
      case PASSED -> session.settleUnanswered();
      case STALLS -> {
        session.become(PgSessionState.STALLED);
        holdBack(in);
      }
      case WANTS_CHANNELS -> {
        session.become(PgSessionState.REALIGNING);
        holdBack(in);
        if (session.is(PgSessionState.REALIGNING)) { // else too much is held
          channels.bring();
        }
      }
      case WANTS_CERTAINTY -> {
        session.becomeCertain();
        holdBack(in);
      }
      case TERMINATED -> session.end(CloseReason.CLIENT_TERMINATED);
    }
  }

  /** As {@link #hold}, with the start of the message that has come before. */
  private void holdBack(ByteBuf in) {
    ByteBuf start = frames.takeHeld();
    if (start != null) {
      hold(start);
      start.release();
    }
    hold(in);
  }

  /** Frames of a session without a lease. */
  private void route(ByteBuf in) {
    while (session.is(PgSessionState.IDLE) && in.isReadable()) {
      if (!session.channel.isWritable()) {
        // Who asks and does not read is not read either: the answers would pile up here.
        hold(in);
        session.channel.config().setAutoRead(false);
        return;
      }
      switch (before.next(in)) {
        case PASSED -> {}
        case UNFINISHED -> {
          hold(in);
          return;
        }
        case WANTS_LEASE -> session.acquire(in);
        case TERMINATED -> session.end(CloseReason.CLIENT_TERMINATED);
      }
    }
    if (session.is(PgSessionState.LEASED) && in.isReadable()) {
      walk(in);
    }
  }

  /** Keeps what is left of {@code in} until it can be routed. */
  void hold(ByteBuf in) {
    if (!session.open()) {
      in.skipBytes(in.readableBytes());
      return;
    }
    if (session.holdOrFail(in) && session.held.much() && !session.is(PgSessionState.IDLE)) {
      session.channel.config().setAutoRead(false); // resume() reads on
    }
  }

  private void routeHeld() {
    ByteBuf bytes = session.held.take();
    if (bytes != null) {
      routeAll(bytes);
    }
  }

  private void routeAll(ByteBuf bytes) {
    try {
      if (session.is(PgSessionState.LEASED)) {
        walk(bytes);
      } else {
        route(bytes);
      }
    } catch (ProtocolViolation e) {
      session.fail(
          SqlFailure.protocolViolation(String.valueOf(e.getMessage())),
          CloseReason.CLIENT_PROTOCOL_VIOLATION);
    } finally {
      bytes.release();
    }
    if (session.held.look() == null) {
      frames.noCancel();
    }
  }

  /** As {@link #resume}, also where the walker has the whole of what had to wait. */
  void resumeAll() {
    session.channel.config().setAutoRead(true);
    routeAll(session.held.takeAll());
    session.flushBackend();
  }

  /** Goes on with what waited for the backend. */
  void resume() {
    session.channel.config().setAutoRead(true);
    routeHeld();
    session.flushBackend();
  }
}
