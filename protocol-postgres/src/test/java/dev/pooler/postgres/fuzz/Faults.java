package dev.pooler.postgres.fuzz;

import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Hears what handlers log as a fault of ours, or leave to Netty to log: peers may cause neither.
 * While it is open, nothing of pooler's is printed.
 */
final class Faults extends Handler implements AutoCloseable {
  private static final Logger POOLER = Logger.getLogger("dev.pooler");
  private static final Logger NETTY = Logger.getLogger("io.netty.channel");

  private final @Nullable Level before = POOLER.getLevel();
  private @Nullable Throwable first;

  Faults() {
    POOLER.addHandler(this);
    NETTY.addHandler(this);
    POOLER.setUseParentHandlers(false);
    POOLER.setLevel(Level.SEVERE); // a warning for each input would only cost time
  }

  void check() {
    if (first != null) {
      throw new IllegalStateException("a fault of ours", first);
    }
  }

  @Override
  public void publish(LogRecord record) {
    if (first == null && record.getLevel().intValue() >= Level.WARNING.intValue()) {
      Throwable thrown = record.getThrown();
      first = thrown == null ? new IllegalStateException(record.getMessage()) : thrown;
    }
  }

  @Override
  public void flush() {}

  @Override
  public void close() {
    POOLER.removeHandler(this);
    NETTY.removeHandler(this);
    POOLER.setUseParentHandlers(true);
    POOLER.setLevel(before);
  }
}
