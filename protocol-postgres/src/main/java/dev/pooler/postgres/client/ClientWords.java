package dev.pooler.postgres.client;

import dev.pooler.core.relay.Outlet;
import dev.pooler.core.session.SqlFailure;
import dev.pooler.postgres.codec.Messages;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import org.jspecify.annotations.Nullable;

/**
 * What pooler says to a client in words of its own, where no server answers. Confined to the
 * channel's loop.
 */
final class ClientWords {
  private final Channel channel;
  private final Outlet out;

  ClientWords(Channel channel, Outlet out) {
    this.channel = channel;
    this.out = out;
  }

  /** Says that it is ready, without a backend. */
  void readyForQuery(char status) {
    ByteBuf ready = channel.alloc().buffer(6);
    Messages.readyForQuery(ready, status);
    channel.writeAndFlush(ready, channel.voidPromise());
  }

  /** An error behind which the client's batch is skipped to its Sync. */
  void error(SqlFailure failure) {
    ByteBuf words = channel.alloc().buffer(256);
    Messages.error(words, failure);
    channel.writeAndFlush(words, channel.voidPromise());
  }

  /** An error that ends what was asked, between two transactions. */
  void errorAndReady(SqlFailure failure) {
    ByteBuf words = channel.alloc().buffer(256);
    Messages.error(words, failure);
    Messages.readyForQuery(words, 'I');
    channel.writeAndFlush(words, channel.voidPromise());
  }

  /** Stands behind the replies of the server that have been passed on. */
  void notice(String message, @Nullable String detail, @Nullable String hint) {
    ByteBuf notice = channel.alloc().buffer(256);
    Messages.notice(notice, message, detail, hint);
    out.append(notice);
    out.flush();
  }
}
