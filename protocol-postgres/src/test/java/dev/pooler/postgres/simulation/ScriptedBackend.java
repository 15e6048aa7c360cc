package dev.pooler.postgres.simulation;

import dev.pooler.postgres.simulation.PgModelLeftovers.Notification;
import dev.pooler.testkit.simulation.Actor;
import dev.pooler.testkit.simulation.ByteQueue;
import dev.pooler.testkit.simulation.SimulatedSocket;
import dev.pooler.testkit.simulation.Simulation;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A server process: reads, takes a while for each statement, answers, and sometimes dies. It knows
 * by their tags whose statements it runs, and objects when one meets what another session left.
 */
final class ScriptedBackend implements Actor {
  private static final int CANCEL_REQUEST = (1234 << 16) | 5678;
  private static final int OUTPUT_LIMIT = 8192;

  private final Simulation simulation;
  private final ScriptedServer server;
  private final SimulatedSocket socket;
  private final int pid;
  private final PgModel model;
  private final ArrayDeque<Notification> heard = new ArrayDeque<>();

  /** Replies that the server has not flushed yet. */
  private final ByteQueue buffered = new ByteQueue();

  private final ByteQueue out = new ByteQueue();

  /** What has been read and is no whole message yet. */
  private final ByteQueue rest = new ByteQueue();

  private boolean started;
  private boolean over;

  /** The last words of a connection that is over are sent. */
  private boolean saidLast;

  private boolean cancelled;
  private int ticks = -1;

  /** Whom a cancel is for that comes late, though its connection has failed; 0 for none. */
  private int lateTarget;

  private long lateAt;

  ScriptedBackend(Simulation simulation, ScriptedServer server, SimulatedSocket socket, int pid) {
    this.simulation = simulation;
    this.server = server;
    this.socket = socket;
    this.pid = pid;
    this.model = new PgModel(Map.of(), server.codeLeaves());
  }

  @Override
  public boolean ready() {
    if (lateTarget > 0) {
      return simulation.now() >= lateAt;
    }
    return socket.received().size() > 0
        || socket.channelClosed()
        || (out.size() > 0 && socket.room() > 0)
        || (model.canStep() && out.size() < OUTPUT_LIMIT)
        || hasSaidAll()
        || tells();
  }

  private boolean hasSaidAll() {
    return model.lost() && !saidLast && out.size() == 0;
  }

  @Override
  public boolean over() {
    return over;
  }

  @Override
  public void act() {
    if (lateTarget > 0) {
      deliver(lateTarget);
      return;
    }
    if (socket.channelClosed()) {
      end();
      return;
    }
    if (started && server.fault(600)) {
      die();
      return;
    }
    if (hasSaidAll()) {
      saidLast = true;
      socket.shutdownOutput();
      return;
    }
    int choice = simulation.below(3);
    if (choice == 0 && out.size() > 0 && socket.room() > 0) {
      send();
    } else if (choice == 1 && model.canStep() && out.size() < OUTPUT_LIMIT) {
      work();
    } else if (socket.received().size() > 0) {
      receive();
    } else if (model.canStep() && out.size() < OUTPUT_LIMIT) {
      work();
    } else if (out.size() > 0 && socket.room() > 0) {
      send();
    } else if (tells()) {
      tell();
    }
  }

  private void send() {
    int most = Math.min(out.size(), socket.room());
    socket.send(out, simulation.onceIn(3) ? 1 + simulation.below(most) : most);
  }

  private void receive() {
    if (!started) {
      startUp();
      return;
    }
    ByteQueue in = socket.received();
    int most = in.size();
    rest.add(in.take(simulation.onceIn(4) ? 1 + simulation.below(most) : most));
    Message message;
    while ((message = Message.take(rest)) != null) {
      Message next = message;
      simulation.trace(() -> this + " receives " + next);
      if (message.type() == 'X') {
        end();
        return;
      }
      model.ask(message);
    }
  }

  private void startUp() {
    ByteQueue in = socket.received();
    rest.add(in.take(in.size()));
    if (rest.size() < 8 || rest.size() < rest.intAt(0)) {
      return;
    }
    int length = rest.intAt(0);
    if (rest.intAt(4) == CANCEL_REQUEST) {
      int target = rest.intAt(8);
      if (server.fault(4)) {
        socket.reset();
        lateTarget = target;
        lateAt = simulation.now() + TimeUnit.MILLISECONDS.toNanos(simulation.below(5_000));
      } else {
        deliver(target);
      }
      return;
    }
    rest.take(length);
    started = true;
    Message.of('R', body -> body.writeInt(0)).addTo(out);
    Message.of('S', "application_name", "").addTo(out);
    Message.of('S', "server_version", "18.0").addTo(out);
    Message.of(
            'K',
            body -> {
              body.writeInt(pid);
              body.writeInt(pid * 31);
            })
        .addTo(out);
    Message.of('Z', body -> body.writeByte('I')).addTo(out);
  }

  private void deliver(int target) {
    simulation.trace(() -> "cancel for pid " + target);
    server.cancel(target);
    end();
  }

  private void work() {
    if (ticks < 0) {
      ticks = simulation.onceIn(4) ? simulation.below(12) : 0;
      check();
    }
    if (ticks-- > 0) {
      return;
    }
    ticks = -1;
    boolean hit = cancelled && model.interruptible();
    cancelled = false;
    if (hit) {
      String tag = model.nextTag();
      simulation.trace(() -> this + ": cancel hits " + tag);
    }
    model.step(hit);
    for (Message reply : model.takeReplies()) {
      simulation.trace(() -> this + " answers " + reply);
      reply.addTo(buffered);
    }
    if (model.takeFlushed() || simulation.onceIn(4)) {
      buffered.moveTo(out, buffered.size());
    }
    announce();
    if (tells()) {
      tell();
    }
  }

  /** Whose statement this is, against what others left here. */
  private void check() {
    String client = Tag.client(model.nextTag());
    if (client.isEmpty()) {
      return;
    }
    String foreign = model.foreignTo(client);
    if (!foreign.isEmpty()) {
      simulation.fail(this + ": " + model.nextTag() + " meets " + foreign);
    }
    if (simulation.onceIn(20)) {
      String tag = model.nextTag();
      Message.of('N', "SNOTICE", "VNOTICE", "C00000", "M" + tag, "").addTo(buffered);
    }
  }

  /** A NOTIFY that was committed somewhere, or a little talk on a channel of the client's own. */
  void hear(Notification said) {
    if (model.leftovers().listens(said.channel())) {
      heard.addLast(said);
    }
  }

  private void announce() {
    Notification said;
    while ((said = model.leftovers().takeAnnounced()) != null) {
      server.publish(said);
    }
    for (String channel : model.leftovers().channels()) {
      if (!channel.equals("news") && simulation.onceIn(4)) {
        hear(new Notification(channel, channel + "-hello"));
      }
    }
  }

  private boolean tells() {
    return !heard.isEmpty() && model.between() && out.size() < OUTPUT_LIMIT;
  }

  private void tell() {
    Notification said = heard.removeFirst();
    if (!model.leftovers().listens(said.channel())) {
      return; // UNLISTEN came in between
    }
    buffered.moveTo(out, buffered.size());
    Message.of(
            'A',
            body -> {
              body.writeInt(1);
              Message.string(body, said.channel());
              Message.string(body, said.payload());
            })
        .addTo(out);
  }

  /** A cancel's signal: it ends what runs, and nothing if nothing runs. */
  void cancel() {
    boolean running = ticks >= 0 && model.interruptible();
    cancelled |= running;
    simulation.trace(() -> this + ": cancel arrives, running=" + running);
  }

  private void die() {
    simulation.trace(() -> this + " dies");
    switch (simulation.below(3)) {
      case 0 -> socket.reset();
      case 1 -> {
        socket.send(out, out.size());
        socket.shutdownOutput();
      }
      default -> {
        socket.send(out, out.size());
        ByteQueue last = new ByteQueue();
        PgModel.errorResponse("FATAL", "57P01", "terminating connection").addTo(last);
        socket.send(last, last.size());
      }
    }
    end();
  }

  private void end() {
    over = true;
    socket.close();
    server.forget(pid);
  }

  @Override
  public String toString() {
    return "server " + pid;
  }
}
