package dev.pooler.postgres.simulation;

import dev.pooler.testkit.simulation.Actor;
import dev.pooler.testkit.simulation.ByteQueue;
import dev.pooler.testkit.simulation.SimulatedSocket;

/** A client's second connection, which carries a CancelRequest and waits for its end. */
final class CancelSender implements Actor {
  private static final int CANCEL_REQUEST = (1234 << 16) | 5678;

  private final SimulatedSocket socket;
  private boolean over;

  /** Sends it, with the body of the session's BackendKeyData. */
  CancelSender(SimulatedSocket socket, Message key) {
    this.socket = socket;
    Message packet =
        Message.of(
            '?',
            body -> {
              body.writeInt(CANCEL_REQUEST);
              body.write(key.body());
            });
    ByteQueue framed = new ByteQueue();
    packet.addTo(framed);
    framed.take(1);
    socket.send(framed, framed.size());
  }

  @Override
  public boolean ready() {
    return socket.channelClosed() && !over;
  }

  @Override
  public void act() {
    socket.close();
    over = true;
  }

  @Override
  public boolean over() {
    return over;
  }
}
