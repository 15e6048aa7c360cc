package dev.pooler.postgres.backend;

import dev.pooler.core.config.TlsMode;
import dev.pooler.core.config.TlsStart;
import dev.pooler.postgres.codec.Messages;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.ReferenceCountUtil;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;

/**
 * Asks the server for TLS and, when it agrees, puts TLS in front (manual, "SSL Session
 * Encryption"), or begins with TLS where that is configured. Handlers behind it see {@code
 * channelActive} only when they may speak. What a man in the middle might have put behind the
 * server's one byte is refused (CVE-2021-23222).
 */
final class TlsNegotiation extends ChannelInboundHandlerAdapter {
  /** The protocol's registered name; without it nobody may begin with TLS. */
  static final String ALPN = "postgresql";

  private final PgTarget target;

  TlsNegotiation(PgTarget target) {
    this.target = target;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    SslContext context = target.context();
    if (direct() && context != null) {
      ctx.pipeline().addBefore(ctx.name(), "tls", handler(ctx, context));
    }
  }

  private boolean direct() {
    return target.rules().start() == TlsStart.DIRECT;
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    if (direct()) {
      return; // TLS begins by itself
    }
    ByteBuf out = ctx.alloc().buffer(8);
    Messages.sslRequest(out);
    ctx.writeAndFlush(out);
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) throws Exception {
    ByteBuf in = (ByteBuf) message;
    try {
      if (in.readableBytes() != 1) {
        throw new SSLException("the server sent more than one byte in answer to SSLRequest");
      }
      answered(ctx, in.readByte());
    } finally {
      ReferenceCountUtil.release(in);
    }
  }

  private void answered(ChannelHandlerContext ctx, int answer) throws SSLException {
    SslContext context = target.context();
    if (answer == 'S' && context != null) {
      ctx.pipeline().addBefore(ctx.name(), "tls", handler(ctx, context));
    } else if (answer == 'N' && target.tls() == TlsMode.PREFER) {
      pass(ctx);
    } else {
      throw new SSLException(
          answer == 'N'
              ? "the server does not offer TLS; set tls.mode: disable if that is meant"
              : "the server answered SSLRequest with byte " + answer);
    }
  }

  private SslHandler handler(ChannelHandlerContext ctx, SslContext context) {
    SslHandler handler = context.newHandler(ctx.alloc(), target.host(), target.port());
    if (target.tls() == TlsMode.VERIFY_FULL) {
      SSLParameters parameters = handler.engine().getSSLParameters();
      parameters.setEndpointIdentificationAlgorithm("HTTPS");
      handler.engine().setSSLParameters(parameters);
    }
    return handler;
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof SslHandshakeCompletionEvent handshake) {
      Throwable failure = handshake.cause();
      SslHandler tls = ctx.pipeline().get(SslHandler.class);
      if (failure == null && direct() && !ALPN.equals(tls.applicationProtocol())) {
        failure = new SSLException("the server did not agree to ALPN " + ALPN);
      }
      if (failure == null) {
        pass(ctx);
      } else {
        ctx.fireExceptionCaught(failure);
      }
    }
  }

  private static void pass(ChannelHandlerContext ctx) {
    ctx.fireChannelActive();
    ctx.pipeline().remove(ctx.handler());
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, @Nullable Throwable cause) {
    ctx.fireExceptionCaught(cause);
  }
}
