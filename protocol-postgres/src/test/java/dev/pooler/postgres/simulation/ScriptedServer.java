package dev.pooler.postgres.simulation;

import dev.pooler.testkit.simulation.SimulatedAddress;
import dev.pooler.testkit.simulation.SimulatedSocket;
import dev.pooler.testkit.simulation.Simulation;
import java.util.HashMap;
import java.util.Map;

/** The postmaster: accepts, and hands cancels to the backend whose key they carry. */
final class ScriptedServer {
  private final Simulation simulation;
  private final boolean faulty;
  private final boolean codeLeaves;
  private final Map<Integer, ScriptedBackend> backends = new HashMap<>();
  private int nextPid = 1000;

  /** At least one backend was lost, or a connection refused, by the server's doing. */
  private boolean failedOnce;

  private boolean calm;

  /**
   * A server without a backend.
   *
   * @param codeLeaves its functions set, lock and create
   */
  ScriptedServer(Simulation simulation, boolean faulty, boolean codeLeaves) {
    this.simulation = simulation;
    this.faulty = faulty;
    this.codeLeaves = codeLeaves;
  }

  boolean codeLeaves() {
    return codeLeaves;
  }

  /** Everyone who listens is told. */
  void publish(PgModelLeftovers.Notification said) {
    backends.values().forEach(backend -> backend.hear(said));
  }

  SimulatedAddress address() {
    return new SimulatedAddress(simulation, this::refuses, this::accept);
  }

  boolean failedOnce() {
    return failedOnce;
  }

  /** No faults from now on. */
  void calmDown() {
    calm = true;
  }

  /** True once in {@code times} where faults are this seed's business. */
  boolean fault(int times) {
    boolean now = faulty && !calm && simulation.onceIn(times);
    failedOnce |= now;
    return now;
  }

  private boolean refuses() {
    return fault(6);
  }

  private void accept(SimulatedSocket socket) {
    int pid = ++nextPid;
    ScriptedBackend backend = new ScriptedBackend(simulation, this, socket, pid);
    backends.put(pid, backend);
    simulation.add(backend);
  }

  void forget(int pid) {
    backends.remove(pid);
  }

  int open() {
    return backends.size();
  }

  void cancel(int pid) {
    ScriptedBackend backend = backends.get(pid);
    if (backend != null) {
      backend.cancel();
    }
  }
}
