package dev.pooler.postgres.backend;

import dev.pooler.postgres.cancel.CancelKey;
import dev.pooler.postgres.codec.Messages;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Sends a CancelRequest over a connection of its own, outside every pool (manual, "Canceling
 * Requests in Progress"). The server closes that connection once it has signalled the process, so
 * its end is the proof of delivery.
 */
final class PgCancel {
  private static final int CONNECT_MILLIS = 5_000;
  private static final int DELIVERY_SECONDS = 10;

  private PgCancel() {}

  /** Completes when the server has closed the connection; exceptionally when that is not known. */
  static CompletionStage<@Nullable Void> send(
      PgTarget target, Channel backend, @Nullable CancelKey key) {
    CompletableFuture<@Nullable Void> delivered = new CompletableFuture<>();
    if (key == null) {
      delivered.complete(null); // the server gave no key: nothing can be asked of it
      return delivered;
    }
    target
        .transport()
        .connector(server(target, backend), backend.eventLoop())
        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MILLIS)
        .handler(
            new ChannelInitializer<>() {
              @Override
              protected void initChannel(Channel channel) {
                if (target.context() != null) {
                  channel.pipeline().addLast(new TlsNegotiation(target));
                }
                channel.pipeline().addLast(new Request(key, delivered));
              }
            })
        .connect()
        .addListener((ChannelFuture connected) -> {
          if (!connected.isSuccess()) {
            delivered.completeExceptionally(connected.cause());
          }
        });
    return delivered;
  }

  /** The very server that has the backend: a name may mean another one by now. */
  private static SocketAddress server(PgTarget target, Channel backend) {
    return backend.remoteAddress() instanceof InetSocketAddress inet ? inet : target.address();
  }

  private static final class Request extends ChannelInboundHandlerAdapter {
    private final CancelKey key;
    private final CompletableFuture<@Nullable Void> delivered;

    Request(CancelKey key, CompletableFuture<@Nullable Void> delivered) {
      this.key = key;
      this.delivered = delivered;
    }

    /** From here on, since an answer to the request for TLS may not come either. */
    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
      ctx.executor()
          .schedule(
              () -> {
                delivered.completeExceptionally(new IllegalStateException("no answer"));
                ctx.close();
              },
              DELIVERY_SECONDS,
              TimeUnit.SECONDS);
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      ByteBuf out = ctx.alloc().buffer(32);
      Messages.cancelRequest(out, key);
      ctx.writeAndFlush(out)
          .addListener((ChannelFuture sent) -> {
            if (!sent.isSuccess()) { // which closes the connection: no sign that the server did
              delivered.completeExceptionally(sent.cause());
            }
          });
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      delivered.complete(null);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      delivered.completeExceptionally(cause);
      ctx.close();
    }
  }
}
