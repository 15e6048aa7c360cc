package dev.pooler.postgres.backend;

import dev.pooler.postgres.codec.ErrorFields;
import dev.pooler.postgres.codec.Messages;
import dev.pooler.postgres.codec.PgFrameFormat;
import dev.pooler.postgres.listen.ListenerLink;
import dev.pooler.postgres.listen.Notification;
import dev.pooler.postgres.listen.Speakers;
import dev.pooler.postgres.message.BackendType;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.timeout.IdleStateEvent;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The backend of a shared listener at work: queries go out as they come, notifications go on at the
 * end of each turn. A server that does not answer a question in its silence is given up. Confined
 * to its loop but for {@link #send} and {@link #close}.
 */
final class ListenerHandler extends ByteToMessageDecoder implements ListenerLink {
  /** No limit of the role or the database ends a backend that only listens. */
  private static final String NO_LIMITS =
      "SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name IN"
          + " ('statement_timeout', 'lock_timeout', 'idle_session_timeout', 'transaction_timeout')";

  private static final long GOODBYE_SECONDS = 1;

  private final Channel channel;
  private final Speakers.At speakers;
  private final Events events;

  /** Queries that are not answered: true for those that are told. */
  private final Queue<Boolean> asked = new ArrayDeque<>();

  private List<Notification> heard = new ArrayList<>();
  private @Nullable String trouble;
  private boolean probing;

  ListenerHandler(Channel channel, Speakers.At speakers, Events events) {
    this.channel = channel;
    this.speakers = speakers;
    this.events = events;
  }

  void begin() {
    query(NO_LIMITS, false);
  }

  @Override
  public void send(String sql) {
    channel.eventLoop().execute(() -> query(sql, true));
  }

  private void query(String sql, boolean told) {
    if (channel.isActive()) {
      asked.add(told);
      ByteBuf out = channel.alloc().buffer(sql.length() + PgFrameFormat.HEADER + 1);
      Messages.query(out, sql);
      channel.writeAndFlush(out);
    }
  }

  @Override
  public void close() {
    channel
        .eventLoop()
        .execute(() -> {
          ByteBuf out = channel.alloc().buffer(8);
          Messages.terminate(out);
          channel.writeAndFlush(out).addListener(ChannelFutureListener.CLOSE);
          // One that is not read from any more is not waited for.
          channel.eventLoop().schedule(() -> channel.close(), GOODBYE_SECONDS, TimeUnit.SECONDS);
        });
  }

  @Override
  protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
    if (in.readableBytes() < PgFrameFormat.HEADER) {
      return;
    }
    int index = in.readerIndex();
    int length = in.getInt(index + 1);
    if (length < 4 || length > Notification.LONGEST) {
      in.skipBytes(in.readableBytes());
      trouble = "a message of " + length + " bytes";
      ctx.close();
      return;
    }
    if (in.readableBytes() >= length + 1) {
      probing = false;
      onMessage(in, index, length + 1);
      in.skipBytes(length + 1);
    }
  }

  private void onMessage(ByteBuf in, int index, int length) {
    switch (in.getByte(index)) {
      case BackendType.NOTIFICATION_RESPONSE ->
          heard.add(Notification.read(in, index, length, speakers));
      case BackendType.ERROR_RESPONSE -> {
        ErrorFields error = ErrorFields.read(in, index + PgFrameFormat.HEADER, index + length);
        trouble = error.sqlState() + " " + error.message();
      }
      case BackendType.READY_FOR_QUERY -> {
        tell();
        String failure = trouble;
        if (Boolean.TRUE.equals(asked.poll())) {
          trouble = null;
          events.answered(failure);
        }
      }
      default -> {
        // CommandComplete, rows, ParameterStatus, notices: nothing to learn.
      }
    }
  }

  private void tell() {
    if (!heard.isEmpty()) {
      List<Notification> told = heard;
      heard = new ArrayList<>();
      events.notified(told);
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) throws Exception {
    tell();
    super.channelReadComplete(ctx);
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof IdleStateEvent) {
      if (probing) {
        trouble = "the server does not answer";
        ctx.close();
      } else {
        probing = true;
        query("", false);
      }
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    tell();
    String why = trouble;
    events.closed(why == null ? "the server closed the connection" : why);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    trouble = String.valueOf(cause.getMessage());
    ctx.close();
  }
}
