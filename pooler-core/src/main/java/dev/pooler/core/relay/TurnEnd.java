package dev.pooler.core.relay;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.FastThreadLocal;
import java.util.ArrayDeque;

/**
 * What is to be flushed when a turn of the event loop ends. Tasks run after the sockets that were
 * ready, so one task does it for all: reads come in a row, then writes, and whoever is woken by a
 * write finds us done. Confined to its loop.
 */
final class TurnEnd implements Runnable {
  private static final FastThreadLocal<TurnEnd> MINE =
      new FastThreadLocal<>() {
        @Override
        protected TurnEnd initialValue() {
          return new TurnEnd();
        }
      };

  private final ArrayDeque<Outlet> outlets = new ArrayDeque<>();
  private boolean scheduled;

  static TurnEnd of(Channel channel) {
    TurnEnd mine = MINE.get();
    mine.schedule(channel.eventLoop());
    return mine;
  }

  void add(Outlet outlet) {
    outlets.addLast(outlet);
  }

  private void schedule(EventLoop loop) {
    if (!scheduled) {
      scheduled = true;
      loop.execute(this);
    }
  }

  @Override
  public void run() {
    scheduled = false;
    Outlet outlet;
    while ((outlet = outlets.pollFirst()) != null) {
      outlet.flushQueued();
    }
  }
}
