package dev.pooler.core.pool;

import io.netty.channel.DefaultEventLoop;
import java.util.ArrayDeque;

/**
 * An event loop that runs its tasks when the test says so, on the test's thread: each order of
 * events of two loops can be played.
 */
final class ManualLoop extends DefaultEventLoop {
  private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
  private boolean running;

  @Override
  public void execute(Runnable task) {
    tasks.addLast(task);
  }

  @Override
  public boolean inEventLoop() {
    return running;
  }

  /** Does something as this loop would. */
  void on(Runnable task) {
    running = true;
    try {
      task.run();
    } finally {
      running = false;
    }
  }

  /** Runs one task; false if there was none. */
  boolean runOne() {
    Runnable task = tasks.pollFirst();
    if (task == null) {
      return false;
    }
    on(task);
    return true;
  }
}
