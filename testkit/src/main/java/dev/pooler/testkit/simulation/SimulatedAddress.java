package dev.pooler.testkit.simulation;

import java.net.SocketAddress;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** Where simulated connections lead to: connecting hands the far end to a script. */
public final class SimulatedAddress extends SocketAddress {
  private static final long serialVersionUID = 1L;

  private final transient Simulation simulation;
  private final transient BooleanSupplier refuses;
  private final transient Consumer<SimulatedSocket> acceptor;
  private transient int connections;

  /**
   * @param refuses asked at each connect, on a loop
   * @param acceptor gets the far end of each other connection
   */
  public SimulatedAddress(
      Simulation simulation, BooleanSupplier refuses, Consumer<SimulatedSocket> acceptor) {
    this.simulation = simulation;
    this.refuses = refuses;
    this.acceptor = acceptor;
  }

  boolean refuses() {
    return refuses.getAsBoolean();
  }

  String nextName() {
    return "b" + ++connections;
  }

  Simulation simulation() {
    return simulation;
  }

  void accept(SimulatedSocket socket) {
    acceptor.accept(socket);
  }

  @Override
  public String toString() {
    return "simulated";
  }
}
