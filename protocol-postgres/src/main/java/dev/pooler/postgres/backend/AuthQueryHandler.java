package dev.pooler.postgres.backend;

import dev.pooler.postgres.auth.Credentials;
import dev.pooler.postgres.backend.AuthQuery.Question;
import dev.pooler.postgres.codec.ErrorFields;
import dev.pooler.postgres.codec.Messages;
import dev.pooler.postgres.codec.PgFrameFormat;
import dev.pooler.postgres.message.BackendType;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.timeout.IdleStateEvent;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The backend of {@link AuthQuery} at work: questions go out as they come, each with a Sync of its
 * own, and are answered in order. The name is always a parameter, never text. One unanswered in
 * time ends the connection and fails all behind it. Confined to its loop but for {@link #ask} and
 * {@link #usable}.
 */
final class AuthQueryHandler extends ByteToMessageDecoder {
  private static final Logger LOG = LoggerFactory.getLogger(AuthQueryHandler.class);

  /** A row of a name and a verifier is far smaller. */
  private static final int LARGEST = 64 * 1024;

  private final Channel channel;
  private final String query;
  private final Duration patience;
  private final Queue<Question> asked = new ArrayDeque<>();
  private @Nullable Credentials found;
  private @Nullable String trouble;

  AuthQueryHandler(Channel channel, String query, Duration patience) {
    this.channel = channel;
    this.query = query;
    this.patience = patience;
  }

  /** Any thread. */
  boolean usable() {
    return channel.isActive();
  }

  /** Any thread. The answer comes on this backend's loop. */
  void ask(Question question) {
    channel.eventLoop().execute(() -> send(question));
  }

  private void send(Question question) {
    if (!channel.isActive()) {
      question.answer().completeExceptionally(AuthQuery.failure("the auth-query backend closed"));
      return;
    }
    asked.add(question);
    ByteBuf out = channel.alloc().buffer(256);
    Messages.ask(out, query, question.user());
    channel.writeAndFlush(out);
    channel
        .eventLoop()
        .schedule(
            () -> {
              if (!question.answer().isDone()) {
                end("no answer within " + patience.toMillis() + " ms");
              }
            },
            patience.toMillis(),
            TimeUnit.MILLISECONDS);
  }

  @Override
  protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
    if (in.readableBytes() < PgFrameFormat.HEADER) {
      return;
    }
    int index = in.readerIndex();
    int length = in.getInt(index + 1);
    if (length < 4 || length > LARGEST) {
      in.skipBytes(in.readableBytes());
      end("a message of " + length + " bytes");
      return;
    }
    if (in.readableBytes() >= length + 1) {
      ByteBuf body = in.slice(index + PgFrameFormat.HEADER, length - 4);
      int type = in.getByte(index) & 0xff;
      in.skipBytes(length + 1);
      onMessage(type, body);
    }
  }

  private void onMessage(int type, ByteBuf body) {
    Question question = asked.peek();
    switch (type) {
      case BackendType.DATA_ROW -> {
        if (question != null) {
          onRow(question, body);
        }
      }
      case BackendType.ERROR_RESPONSE -> {
        ErrorFields error = ErrorFields.read(body, 0, body.writerIndex());
        trouble = error.sqlState() + " " + error.message();
      }
      case BackendType.READY_FOR_QUERY -> answered(asked.poll());
      default -> {
        // ParseComplete, BindComplete, CommandComplete, notices: nothing to learn.
      }
    }
  }

  private void onRow(Question question, ByteBuf body) {
    if (body.readableBytes() < 2 || body.readShort() < 2) {
      trouble = "auth-query must give the name and the verifier";
      return;
    }
    String name = value(body);
    String verifier = value(body);
    // Some other user's verifier would let that user in under this name (CVE-2015-6817).
    if (found == null && question.user().equals(name)) {
      try {
        found = Credentials.ofServer(verifier);
      } catch (IllegalArgumentException e) {
        trouble = "auth-query gave " + e.getMessage();
      }
    }
  }

  private static @Nullable String value(ByteBuf body) {
    int length = body.readInt();
    return length < 0 ? null : body.readCharSequence(length, StandardCharsets.UTF_8).toString();
  }

  private void answered(@Nullable Question question) {
    if (question == null) {
      return;
    }
    Credentials answer = found;
    String what = trouble;
    found = null;
    trouble = null;
    if (what == null) {
      question.answer().complete(answer);
    } else {
      LOG.warn("auth-query: {}", what);
      question.answer().completeExceptionally(AuthQuery.failure(what));
    }
  }

  private void end(String why) {
    String what = trouble == null ? why : trouble;
    if (!asked.isEmpty()) {
      LOG.warn("auth-query: {}", what);
    }
    Question question;
    while ((question = asked.poll()) != null) {
      question.answer().completeExceptionally(AuthQuery.failure(what));
    }
    channel.close();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof IdleStateEvent && asked.isEmpty()) {
      ByteBuf out = ctx.alloc().buffer(8);
      Messages.terminate(out);
      ctx.writeAndFlush(out).addListener(ChannelFutureListener.CLOSE);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    end("the server closed the connection");
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    end(String.valueOf(cause.getMessage()));
  }
}
