package dev.pooler.postgres.client;

import dev.pooler.core.config.PoolMode;
import dev.pooler.core.session.Patience;
import dev.pooler.core.session.SqlFailure;
import dev.pooler.postgres.codec.PgFrameFormat;
import dev.pooler.postgres.message.Frontend;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The client's messages while it has no backend: most ask for one, a few are answered or dropped
 * here. Confined to the session's loop.
 */
final class FramesBeforeLease {
  /** A frame of up to this many bytes must be whole before a backend is taken for it. */
  private static final int WHOLE_BEFORE_LEASE = 8 * 1024;

  private final Channel channel;
  private final PoolMode mode;
  private final PreparedTraffic prepared;
  private final DeferredBegin begin;
  private final SessionChannels channels;
  private final ClientFrames frames;
  private final ClientWords words;
  private final Patience patience;
  private final LastStatement last;
  private final LongSupplier clock;

  /** What becomes of the message that comes first. */
  enum Next {
    /** It has been answered or dropped, as far as it is here. */
    PASSED,
    /** More of it must come. */
    UNFINISHED,
    /** It asks for a backend. */
    WANTS_LEASE,
    /** The client says goodbye. */
    TERMINATED
  }

  FramesBeforeLease(
      Channel channel,
      PoolMode mode,
      PreparedTraffic prepared,
      DeferredBegin begin,
      SessionChannels channels,
      ClientFrames frames,
      ClientWords words,
      Patience patience,
      LastStatement last,
      LongSupplier clock) {
    this.channel = channel;
    this.mode = mode;
    this.prepared = prepared;
    this.begin = begin;
    this.channels = channels;
    this.frames = frames;
    this.words = words;
    this.patience = patience;
    this.last = last;
    this.clock = clock;
  }

  /** Looks at the message that comes first. */
  Next next(ByteBuf in) {
    if (frames.remaining() > 0) {
      dropPart(in, frames.remaining());
      return Next.PASSED;
    }
    if (in.readableBytes() < PgFrameFormat.HEADER) {
      return Next.UNFINISHED;
    }
    int type = PgFrameFormat.FRONTEND.type(in, in.readerIndex());
    long length = PgFrameFormat.FRONTEND.length(in, in.readerIndex());
    if (type == Frontend.TERMINATE) {
      return Next.TERMINATED;
    } else if (frames.skips()) {
      dropPart(in, length);
    } else if (type == Frontend.COPY_DATA
        || type == Frontend.COPY_DONE
        || type == Frontend.COPY_FAIL
        || type == Frontend.FLUSH) {
      // What a client still sent of a COPY that had failed; the server ignores it too.
      dropPart(in, length);
    } else if (type == Frontend.SYNC) {
      dropPart(in, length);
      readyForQuery();
    } else if (in.readableBytes() < neededBeforeLease(type, length)) {
      return Next.UNFINISHED;
    } else if (mode != PoolMode.TRANSACTION || !answeredHere(in)) {
      if (!frames.takeCancel()) {
        return Next.WANTS_LEASE;
      }
      fail(in, PgSession.canceled());
    }
    return Next.PASSED;
  }

  /** Says that it is ready, without a backend. */
  void readyForQuery() {
    words.readyForQuery(begin.status());
  }

  /**
   * What was asked next is answered without a backend, and then skipped.
   *
   * @param in what that begins with; null where nothing has been asked
   */
  void fail(@Nullable ByteBuf in, SqlFailure failure) {
    Skipping what = Skipping.NOTHING;
    if (in != null) {
      prepared.failedHere(in, in.readerIndex());
      what = Skipping.after(in.getByte(in.readerIndex()));
    }
    words.error(failure);
    begin.fail();
    frames.skip(what);
  }

  /**
   * How much of a message must be here before it is asked for a backend. What stands behind a BEGIN
   * that is sent in front of it must be ready to be sent: a client that went in between would leave
   * a transaction behind.
   */
  private long neededBeforeLease(int type, long length) {
    long some = Math.min(length, WHOLE_BEFORE_LEASE);
    return begin.pending() ? Math.max(some, StatementJudge.inspectLength(type, length)) : some;
  }

  /**
   * Whether what comes first needed no backend. A session that listens begins its transactions at
   * once: its channels may have to be there first.
   */
  private boolean answeredHere(ByteBuf in) {
    if (channels.shared() || !begin.concerns(in)) {
      return false;
    }
    ByteBuf out = channel.alloc().buffer(64);
    int answered = 0;
    try {
      answered = begin.answer(in, out);
    } finally {
      if (answered == 0) {
        out.release();
      }
    }
    if (answered == 0) {
      return false;
    }
    dropPart(in, answered);
    patience.happened();
    last.answered(clock.getAsLong());
    channel.writeAndFlush(out, channel.voidPromise());
    return true;
  }

  /** Lets the walker, which drops everything without a lease, see at most {@code length} bytes. */
  private void dropPart(ByteBuf in, long length) {
    frames.walk(in.readSlice((int) Math.min(length, in.readableBytes())));
  }
}
