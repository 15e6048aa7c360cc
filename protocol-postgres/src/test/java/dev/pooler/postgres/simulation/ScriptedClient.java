package dev.pooler.postgres.simulation;

import dev.pooler.testkit.simulation.Actor;
import dev.pooler.testkit.simulation.ByteQueue;
import dev.pooler.testkit.simulation.SimulatedSocket;
import dev.pooler.testkit.simulation.Simulation;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * A client and its judge: it follows its plan, and compares every message it receives with what a
 * server of its own would have answered. What only a pooler, a dying server or a cancel can say is
 * accepted where there was cause for it, and nowhere else.
 */
final class ScriptedClient implements Actor {
  /** How the conversation ends. */
  enum Leaving {
    POLITELY,
    AT_ANY_BYTE,
    BY_RESET,
    BY_HALF_CLOSE
  }

  private enum Phase {
    LOGIN,
    WORKING,
    LEAVING,
    GONE
  }

  private final Simulation simulation;
  private final ScriptedServer server;
  private final SimulatedSocket socket;
  private final ClientPlan plan;
  private final Leaving leaving;
  private final boolean limited;
  private final Consumer<Message> cancel;
  private final PgModel oracle;
  private final ArrayDeque<Message> expected = new ArrayDeque<>();
  private final ByteQueue out = new ByteQueue();
  private final ByteQueue in = new ByteQueue();
  private Phase phase = Phase.LOGIN;
  private Message key;
  private int acts;
  private int stepsLeft;
  private int cancelsSent;
  private int cancelsHit;
  private long pausedUntil;
  private boolean toldFatal;
  private boolean loggedIn;

  /**
   * A client that connects now.
   *
   * @param limited its pool may let it wait too long
   * @param cancel sends a CancelRequest with this BackendKeyData
   */
  ScriptedClient(
      Simulation simulation,
      ScriptedServer server,
      SimulatedSocket socket,
      ClientPlan plan,
      Leaving leaving,
      boolean limited,
      Consumer<Message> cancel) {
    this.simulation = simulation;
    this.server = server;
    this.socket = socket;
    this.plan = plan;
    this.leaving = leaving;
    this.limited = limited;
    this.cancel = cancel;
    this.acts = 2 + simulation.below(12);
    this.stepsLeft = leaving == Leaving.POLITELY ? Integer.MAX_VALUE : 1 + simulation.below(40);
    Map<String, String> startup = new TreeMap<>();
    startup.put("application_name", plan.name());
    if (simulation.onceIn(3)) {
      startup.put("lock_timeout", plan.name().substring(1) + "000");
    }
    this.oracle = new PgModel(startup, false);
    startup.put("user", "app");
    startup.put("database", "app");
    login(startup);
  }

  private void login(Map<String, String> startup) {
    Message packet =
        Message.of(
            '?',
            body -> {
              body.writeInt(3 << 16);
              for (Map.Entry<String, String> entry : startup.entrySet()) {
                Message.string(body, entry.getKey());
                Message.string(body, entry.getValue());
              }
              body.writeByte(0);
            });
    ByteQueue framed = new ByteQueue();
    packet.addTo(framed);
    framed.take(1);
    framed.moveTo(out, framed.size());
  }

  boolean gone() {
    return phase == Phase.GONE;
  }

  @Override
  public boolean over() {
    return phase == Phase.GONE;
  }

  @Override
  public boolean ready() {
    return phase != Phase.GONE && (canReceive() || canSend() || canGoOn());
  }

  private boolean canReceive() {
    return (socket.received().size() > 0 || socket.ended()) && simulation.now() >= pausedUntil;
  }

  private boolean canSend() {
    return out.size() > 0 && (socket.room() > 0 || socket.channelClosed());
  }

  private boolean canGoOn() {
    return phase == Phase.WORKING
        && out.size() < 20_000
        && !(plan.steps().peekFirst() instanceof PlanMessages.Step.Await && !answered());
  }

  @Override
  public void act() {
    if (stepsLeft <= 0 && simulation.onceIn(4)) {
      vanish();
      return;
    }
    int choice = simulation.below(3);
    if (choice == 0 && canReceive()) {
      receive();
    } else if (choice == 1 && canSend()) {
      send();
    } else if (canGoOn()) {
      goOn();
    } else if (canReceive()) {
      receive();
    } else if (canSend()) {
      send();
    }
    if (plan.cancels() && phase == Phase.WORKING && key != null && simulation.onceIn(40)) {
      cancelsSent++;
      simulation.trace(() -> plan.name() + " sends a cancel");
      cancel.accept(key);
    }
  }

  private void send() {
    if (socket.channelClosed()) {
      out.clear();
      return;
    }
    int most = Math.min(out.size(), socket.room());
    socket.send(out, simulation.onceIn(2) ? 1 + simulation.below(most) : most);
    stepsLeft--;
  }

  private void goOn() {
    if (plan.steps().isEmpty()) {
      if (acts-- > 0) {
        plan.extend();
      } else if (answered()) {
        simulation.trace(() -> plan.name() + " terminates");
        phase = Phase.LEAVING;
        ClientPlan.goodbye().forEach(message -> message.addTo(out));
      } else {
        plan.steps().addLast(new PlanMessages.Step.Await());
      }
      return;
    }
    if (plan.steps().removeFirst() instanceof PlanMessages.Step.Send(Message message)) {
      simulation.trace(() -> plan.name() + " asks " + message);
      message.addTo(out);
      oracle.ask(message);
    }
  }

  /** Nothing is outstanding. */
  private boolean answered() {
    return expected.isEmpty() && oracle.silentRest();
  }

  private void vanish() {
    simulation.trace(() -> plan.name() + " vanishes " + leaving);
    switch (leaving) {
      case BY_HALF_CLOSE -> {
        phase = Phase.LEAVING;
        stepsLeft = Integer.MAX_VALUE;
        out.clear();
        socket.shutdownOutput();
      }
      case BY_RESET -> {
        socket.reset();
        phase = Phase.GONE;
      }
      case AT_ANY_BYTE, POLITELY -> {
        socket.close();
        phase = Phase.GONE;
      }
    }
  }

  // --- judging ----------------------------------------------------------------------------------

  private void receive() {
    if (socket.ended()) {
      // A client that doesn't read its last words for five seconds is not waited for.
      boolean cutOff = (in.size() > 0 || socket.cutOff()) && server.failedOnce();
      if (phase != Phase.LEAVING && !toldFatal && !cutOff) {
        simulation.fail(plan.name() + ": the connection was closed without a word");
      }
      phase = Phase.GONE;
      return;
    }
    int present = socket.received().size();
    in.add(socket.received().take(simulation.onceIn(2) ? 1 + simulation.below(present) : present));
    Message message;
    while ((message = Message.take(in)) != null) {
      Message next = message;
      simulation.trace(() -> plan.name() + " receives " + next);
      judge(message);
    }
    if (simulation.onceIn(50)) {
      pausedUntil = simulation.now() + TimeUnit.MILLISECONDS.toNanos(simulation.below(300));
    }
  }

  private void judge(Message message) {
    switch (message.type()) {
      case 'S' -> mine(message, message.string(message.string(0).length() + 1));
      case 'A' -> heard(message);
      case 'N' -> mine(message, message.field('M'));
      default -> {
        if (toldFatal) {
          simulation.fail(plan.name() + ": after a FATAL comes " + message);
        } else if (!loggedIn) {
          onLogin(message);
        } else {
          onReply(message);
        }
      }
    }
  }

  /** Asynchronous messages have no place in the order, but an owner. */
  private void mine(Message message, String text) {
    boolean server = message.type() == 'S' && !message.string(0).equals("application_name");
    if (!server && !text.isEmpty() && !Tag.client(text).equals(plan.name())) {
      simulation.fail(plan.name() + " receives what is not its own: " + message);
    }
  }

  /** By what has been answered so far: LISTEN before, no UNLISTEN since. */
  private void heard(Message message) {
    if (!oracle.leftovers().listens(message.string(4))) {
      simulation.fail(plan.name() + " hears what it does not listen to: " + message);
    }
  }

  private void onLogin(Message message) {
    switch (message.type()) {
      case 'R' -> {}
      case 'K' -> key = message;
      case 'Z' -> {
        loggedIn = true;
        phase = phase == Phase.LOGIN ? Phase.WORKING : phase;
      }
      case 'E' -> onFatal(message);
      default -> simulation.fail(plan.name() + ": at the login comes " + message);
    }
  }

  /** Its transaction has failed because no backend was there, and none has been since. */
  private boolean failedNowhere;

  private void onReply(Message message) {
    if (message.type() == 'E') {
      if (message.field('V').equals("FATAL") && !message.field('C').equals("08P01")) {
        onFatal(message);
        return;
      }
      if (expected.isEmpty() && onUnexpectedError(message)) {
        return;
      }
    }
    failedNowhere &= message.type() == 'Z';
    while (expected.isEmpty() && oracle.canStep()) {
      oracle.step(false);
      expect();
    }
    Message due = expected.pollFirst();
    boolean fatal = message.type() == 'E' && message.field('V').equals("FATAL");
    toldFatal |= fatal;
    if (due == null || !(fatal ? isFatal(due) : due.sameAs(message))) {
      simulation.fail(plan.name() + " expects " + due + " and receives " + message);
    }
  }

  /** It may have been said again, in other words. */
  private static boolean isFatal(Message due) {
    return due.type() == 'E' && due.field('V').equals("FATAL");
  }

  private void expect() {
    for (Message reply : oracle.takeReplies()) {
      if (reply.type() != 'S') {
        expected.addLast(reply);
      }
    }
  }

  /** An error that the oracle can't know of: applied to it, at the place where it came. */
  private boolean onUnexpectedError(Message message) {
    if (!message.field('C').equals("57014")) {
      return false;
    }
    String text = message.field('M');
    boolean nowhere = oracle.mayBeNowhere() || failedNowhere;
    if (text.startsWith("canceling")) {
      if (++cancelsHit > cancelsSent) {
        simulation.fail(plan.name() + " is cancelled and has not asked for it: " + message);
      }
    } else if (text.startsWith("waited")) {
      if (!limited || !nowhere) {
        simulation.fail(plan.name() + " waited for what it has: " + message);
      }
    } else {
      return false;
    }
    failedNowhere = nowhere && oracle.status() != 'I';
    while (!oracle.cancellable() && oracle.canStep() && expected.isEmpty()) {
      oracle.step(false);
      expect();
    }
    if (!expected.isEmpty() || !oracle.cancellable()) {
      simulation.fail(plan.name() + " expects " + expected.peekFirst() + ", comes " + message);
      return true;
    }
    oracle.step(true);
    expect();
    expected.pollFirst();
    return true;
  }

  private void onFatal(Message message) {
    toldFatal = true;
    String text = message.field('M');
    boolean cause =
        switch (message.field('C')) {
          case "57P01", "08006" -> server.failedOnce();
          case "57014" -> text.startsWith("waited") && limited && !loggedIn;
          default -> false;
        };
    if (!cause) {
      simulation.fail(plan.name() + " is thrown out without a cause: " + message);
    }
  }

  @Override
  public String toString() {
    return plan.name()
        + " "
        + phase
        + (answered() ? "" : ", expects " + expected.peekFirst() + " or more")
        + ", key "
        + (key == null ? "none" : "given");
  }
}
