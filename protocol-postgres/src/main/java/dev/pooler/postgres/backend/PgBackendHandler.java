package dev.pooler.postgres.backend;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The channel events of a backend. */
final class PgBackendHandler extends ChannelInboundHandlerAdapter {
  private static final Logger LOG = LoggerFactory.getLogger(PgBackendHandler.class);

  private final PgBackend backend;

  PgBackendHandler(PgBackend backend) {
    this.backend = backend;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf in = (ByteBuf) message;
    try {
      backend.onBytes(in);
    } finally {
      in.release();
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    backend.onReadComplete();
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    backend.onWritabilityChanged();
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    backend.onClosed();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (cause instanceof IOException) {
      LOG.debug("{}: {}", backend, cause.getMessage());
    } else {
      LOG.error("{}: closing after a fault of ours", backend, cause);
    }
    ctx.close();
  }
}
