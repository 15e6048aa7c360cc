package dev.pooler.postgres.client;

import dev.pooler.core.pool.LeaseRequest;
import io.netty.buffer.ByteBuf;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** A client's channel after its authentication, whatever it is for. Called on its event loop. */
public abstract class ClientLeg extends LeaseRequest {
  /** Bytes from the client; the caller keeps {@code in}. */
  abstract void onBytes(ByteBuf in);

  /** The end of a turn. */
  abstract void onReadComplete();

  abstract void onWritabilityChanged();

  /** The client is gone. */
  abstract void onClosed();

  /** We have broken: what this and its backend are at is not known any more. */
  void onFault() {
    onClosed();
  }

  /**
   * Cancels what runs or waits, if anything. Any thread. Completes when that is done as far as it
   * can be known.
   */
  abstract CompletionStage<@Nullable Void> cancel();
}
