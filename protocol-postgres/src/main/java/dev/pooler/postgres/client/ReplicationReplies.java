package dev.pooler.postgres.client;

import dev.pooler.core.relay.Outlet;
import dev.pooler.core.wire.FrameSink;
import dev.pooler.core.wire.FrameWalker;
import dev.pooler.core.wire.Verdict;
import dev.pooler.postgres.codec.PgFrameFormat;
import dev.pooler.postgres.message.BackendType;
import io.netty.buffer.ByteBuf;

/**
 * What a walsender says, on its way to the client: all of it passes, and is watched for where a
 * message ends and whether a stream goes on. Confined to its session's loop.
 */
final class ReplicationReplies implements FrameSink {
  private enum Stage {
    /** Commands and their answers, which have an end. */
    COMMANDS,
    /** Since a CopyBothResponse: this COPY ends when somebody ends it. */
    STREAMING,
    /**
     * CommandComplete, and nothing yet behind it. A server that shuts down says this when all has
     * been sent (PostgreSQL 18's WalSndDone), and closes.
     */
    STREAM_ENDED
  }

  private final FrameWalker walker = new FrameWalker(PgFrameFormat.BACKEND, this);
  private final Outlet out;
  private Stage stage = Stage.COMMANDS;

  ReplicationReplies(Outlet out) {
    this.out = out;
  }

  /** Passes bytes on; {@code in} stays the caller's. */
  void pass(ByteBuf in, int index, int length) {
    walker.walk(in.slice(index, length));
  }

  /** The client has a part of a message: nothing else can be said to it now. */
  boolean midMessage() {
    return walker.midForward();
  }

  boolean streaming() {
    return stage == Stage.STREAMING;
  }

  /** The server has said its last word: a close behind it is no loss. */
  boolean farewell() {
    return stage == Stage.STREAM_ENDED && !walker.midFrame();
  }

  void close() {
    walker.close();
  }

  @Override
  public Verdict header(int type, long length) {
    return Verdict.FORWARD;
  }

  @Override
  public void passing(int type, long length) {
    stage =
        switch (type) {
          case BackendType.COPY_BOTH_RESPONSE -> Stage.STREAMING;
          case BackendType.COMMAND_COMPLETE ->
              stage == Stage.STREAMING ? Stage.STREAM_ENDED : Stage.COMMANDS;
          case BackendType.COPY_DATA,
              BackendType.COPY_DONE,
              BackendType.NOTICE_RESPONSE,
              BackendType.PARAMETER_STATUS ->
              stage;
          default -> Stage.COMMANDS;
        };
  }

  @Override
  public Verdict inspect(int type, long length, ByteBuf in, int index, int available) {
    throw new IllegalStateException("no reply is inspected");
  }

  @Override
  public void forward(ByteBuf in, int index, int length) {
    out.append(in, index, length);
  }
}
