package dev.pooler.postgres.client;

import dev.pooler.core.protocol.ListenerTls;
import dev.pooler.postgres.auth.EndPointBinding;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.ssl.SslHandler;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The encryption that a client asks for in front of its start-up packet, or begins with (manual,
 * "SSL Session Encryption"). One object a connection, confined to its loop.
 */
final class EncryptionRequests {
  /** The content type of a TLS record that holds a ClientHello. */
  private static final int TLS_HANDSHAKE = 0x16;

  /** The same for all of a connection, whatever a reload reads meanwhile. */
  private final @Nullable ListenerTls tls;

  private boolean askedForTls;
  private boolean askedForGss;

  /** Of a listener that offers {@code tls}, or none where it is null. */
  EncryptionRequests(@Nullable ListenerTls tls) {
    this.tls = tls;
  }

  /**
   * Whether the client begins with TLS, without a request: then all of {@code in} is TLS's, and TLS
   * reads on. No packet begins like a ClientHello: its length would be far too large.
   *
   * @param violation told if the client breaks the rules of such a beginning, later
   */
  boolean takesDirect(ChannelHandlerContext ctx, ByteBuf in, Consumer<String> violation) {
    if (tls == null
        || askedForTls
        || askedForGss
        || in.getByte(in.readerIndex()) != TLS_HANDSHAKE
        || isEncrypted(ctx)) {
      return false;
    }
    SslHandler handler = tls.handler(ctx.alloc());
    ctx.pipeline().addFirst("tls", handler);
    handler
        .handshakeFuture()
        .addListener(done -> {
          if (done.isSuccess() && !PgListener.ALPN.equals(handler.applicationProtocol())) {
            violation.accept(
                "received direct SSL connection request without ALPN protocol negotiation"
                    + " extension");
          }
        });
    ctx.pipeline().fireChannelRead(in.readBytes(in.readableBytes()));
    return true;
  }

  /**
   * Answers a request for TLS, and puts TLS in front where it is offered.
   *
   * @param behind what has come behind the request
   * @return what breaks the protocol, or null
   */
  @Nullable String onTls(ChannelHandlerContext ctx, ByteBuf behind) {
    if (askedForTls || isEncrypted(ctx) || behind.isReadable()) {
      // Bytes behind the request would be taken for encrypted ones (CVE-2021-3935).
      return "received unencrypted data after SSL request, or a second one";
    }
    askedForTls = true;
    if (tls == null) {
      answer(ctx, 'N');
    } else {
      answer(ctx, 'S');
      ctx.pipeline().addFirst("tls", tls.handler(ctx.alloc()));
    }
    return null;
  }

  /** As {@link #onTls}, for GSSAPI, which is not offered. */
  @Nullable String onGss(ChannelHandlerContext ctx, ByteBuf behind) {
    if (askedForGss || behind.isReadable()) {
      return "received unencrypted data after GSSAPI encryption request, or a second one";
    }
    askedForGss = true;
    answer(ctx, 'N');
    return null;
  }

  /** What SCRAM can be bound to on this connection, or null. */
  byte @Nullable [] binding(ChannelHandlerContext ctx) {
    return tls == null || !isEncrypted(ctx) ? null : EndPointBinding.of(tls.certificate());
  }

  private static boolean isEncrypted(ChannelHandlerContext ctx) {
    return ctx.pipeline().get(SslHandler.class) != null;
  }

  private static void answer(ChannelHandlerContext ctx, int letter) {
    ctx.writeAndFlush(ctx.alloc().buffer(1).writeByte(letter));
  }
}
