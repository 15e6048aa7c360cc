package dev.pooler.postgres.backend;

import dev.pooler.core.pool.Backend;
import dev.pooler.core.pool.ConnectFailure;
import dev.pooler.core.session.SqlFailure;
import dev.pooler.postgres.auth.BackendAuthentication;
import dev.pooler.postgres.auth.BackendStep;
import dev.pooler.postgres.auth.ScramKey;
import dev.pooler.postgres.cancel.CancelKey;
import dev.pooler.postgres.codec.ErrorFields;
import dev.pooler.postgres.codec.Messages;
import dev.pooler.postgres.codec.PgFrameFormat;
import dev.pooler.postgres.codec.Strings;
import dev.pooler.postgres.message.BackendType;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.SslHandler;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs in at a backend: start-up packet, authentication, ParameterStatus and BackendKeyData up to
 * the first ReadyForQuery, then makes way for {@link PgBackendHandler}. Messages of the login are
 * few and small, so they are read whole.
 */
final class PgLoginHandler extends ByteToMessageDecoder {
  private static final Logger LOG = LoggerFactory.getLogger(PgLoginHandler.class);
  private static final int LARGEST = 64 * 1024;

  /** Of a whole login: settings, notices, and what comes while a key is derived. */
  private static final int MOST = 1024 * 1024;

  private final PgTarget target;
  private final Map<String, String> startup;
  private final BackendAuthentication authentication;
  private final ServerDefaults defaults;
  private final CompletableFuture<Backend> result;
  private final long id;
  private final Map<String, String> reported = new LinkedHashMap<>();
  private @Nullable CancelKey key;
  private boolean deriving;

  /** Bytes of messages that were read. */
  private int taken;

  private boolean authenticated;

  PgLoginHandler(
      long id,
      PgTarget target,
      Map<String, String> startup,
      BackendAuthentication authentication,
      ServerDefaults defaults,
      CompletableFuture<Backend> result) {
    this.id = id;
    this.target = target;
    this.startup = startup;
    this.authentication = authentication;
    this.defaults = defaults;
    this.result = result;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    ctx.executor()
        .schedule(
            () -> fail(ctx, "no answer within " + target.connectTimeout().toMillis() + " ms"),
            target.connectTimeout().toMillis(),
            TimeUnit.MILLISECONDS);
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) throws SSLPeerUnverifiedException {
    SslHandler tls = ctx.pipeline().get(SslHandler.class);
    if (tls != null) {
      authentication.encrypted(tls.engine().getSession().getPeerCertificates()[0]);
    }
    ByteBuf out = ctx.alloc().buffer(256);
    Messages.startup(out, startup);
    ctx.writeAndFlush(out);
  }

  @Override
  protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
    if (!result.isDone() && in.readableBytes() > MOST - taken) {
      fail(ctx, "more than " + MOST + " bytes during the login");
    }
    if (deriving || result.isDone() || in.readableBytes() < PgFrameFormat.HEADER) {
      return;
    }
    int index = in.readerIndex();
    int type = in.getByte(index) & 0xff;
    int length = in.getInt(index + 1);
    if (length < 4 || length > LARGEST) {
      fail(ctx, "message '" + (char) type + "' of " + length + " bytes during the login");
      return;
    }
    if (in.readableBytes() < length + 1) {
      return;
    }
    ByteBuf body = in.slice(index + PgFrameFormat.HEADER, length - 4);
    in.skipBytes(length + 1);
    taken += length + 1;
    onMessage(ctx, type, body);
  }

  private void onMessage(ChannelHandlerContext ctx, int type, ByteBuf body) {
    boolean greets =
        type == BackendType.READY_FOR_QUERY
            || type == BackendType.PARAMETER_STATUS
            || type == BackendType.BACKEND_KEY_DATA;
    if (greets && !authenticated) {
      fail(ctx, "message '" + (char) type + "' before the authentication was over");
      return;
    }
    switch (type) {
      case BackendType.AUTHENTICATION -> onAuthentication(ctx, body);
      case BackendType.PARAMETER_STATUS -> {
        int zero = Strings.end(body, 0, body.writerIndex());
        reported.put(
            Strings.read(body, 0, body.writerIndex()),
            Strings.read(body, zero + 1, body.writerIndex()));
      }
      case BackendType.BACKEND_KEY_DATA -> key = CancelKey.parse(ByteBufUtil.getBytes(body));
      case BackendType.READY_FOR_QUERY -> ready(ctx);
      case BackendType.ERROR_RESPONSE ->
          refused(ctx, ErrorFields.read(body, 0, body.writerIndex()));
      case BackendType.NOTICE_RESPONSE, BackendType.NEGOTIATE_PROTOCOL_VERSION -> {
        // Notices of a login (a collation version, say) have no client to go to.
      }
      default -> fail(ctx, "unexpected message type " + type + " during the login");
    }
  }

  private void onAuthentication(ChannelHandlerContext ctx, ByteBuf body) {
    if (body.readableBytes() < 4) {
      fail(ctx, "an authentication request without a code");
      return;
    }
    byte[] data = ByteBufUtil.getBytes(body, 4, body.readableBytes() - 4);
    follow(ctx, authentication.onRequest(body.getInt(0), data));
  }

  private void follow(ChannelHandlerContext ctx, BackendStep step) {
    switch (step) {
      case BackendStep.Respond respond -> {
        if (respond.exposed()) {
          LOG.warn("{}: the password goes over the network in the clear; use tls", target);
        }
        ByteBuf out = ctx.alloc().buffer(respond.body().length + 5);
        Messages.password(out, respond.body());
        ctx.writeAndFlush(out);
      }
      case BackendStep.Derive derive -> derive(ctx, derive);
      case BackendStep.Wait wait -> {}
      case BackendStep.Done done -> authenticated = true;
      case BackendStep.Failed failed ->
          complete(
              ctx,
              new ConnectFailure(
                  SqlFailure.fatal("28000", 1045, failed.text()).withDetail("at " + target),
                  false));
    }
  }

  /** PBKDF2 takes milliseconds: on a virtual thread, and nothing is read meanwhile. */
  private void derive(ChannelHandlerContext ctx, BackendStep.Derive derive) {
    deriving = true;
    Thread.ofVirtual()
        .name("pooler-scram")
        .start(() -> {
          ScramKey scramKey = derive.derivation().derive();
          ctx.executor()
              .execute(() -> {
                deriving = false;
                follow(ctx, authentication.onKey(scramKey));
              });
        });
  }

  private void ready(ChannelHandlerContext ctx) {
    PgBackend backend =
        new PgBackend(
            id,
            ctx.channel(),
            target,
            new BackendIdentity(key),
            new ReportedSettings(reported, defaults),
            target.preparedStatements());
    ctx.pipeline().addLast("backend", new PgBackendHandler(backend));
    ctx.pipeline().remove(this);
    if (!result.complete(backend)) {
      ctx.close();
    }
  }

  private void refused(ChannelHandlerContext ctx, ErrorFields fields) {
    String state = fields.sqlState();
    boolean temporary =
        state == null
            || state.startsWith("57P")
            || state.startsWith("53")
            || state.startsWith("08");
    SqlFailure told = fields.toFailure(true);
    complete(ctx, new ConnectFailure(told, temporary));
  }

  private void fail(ChannelHandlerContext ctx, String what) {
    if (!result.isDone()) {
      complete(
          ctx, new ConnectFailure(SqlFailure.fatal("08001", 2003, target + ": " + what), true));
    }
  }

  private void complete(ChannelHandlerContext ctx, ConnectFailure failure) {
    result.completeExceptionally(failure);
    ctx.close();
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    fail(ctx, "the server closed the connection during the login");
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    Throwable root =
        cause instanceof DecoderException && cause.getCause() != null ? cause.getCause() : cause;
    fail(ctx, String.valueOf(root.getMessage()));
  }
}
