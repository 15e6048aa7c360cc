package dev.pooler.postgres.simulation;

import dev.pooler.testkit.simulation.Simulation;
import java.util.ArrayDeque;

/** Writes a client's messages into its plan, each statement with the client's tag. */
abstract class PlanMessages {
  /** One entry of the plan. */
  sealed interface Step {
    record Send(Message message) implements Step {}

    /** Goes on when everything asked is answered. */
    record Await() implements Step {}
  }

  final Simulation simulation;
  final int client;
  private final ArrayDeque<Step> steps = new ArrayDeque<>();
  private int number;

  PlanMessages(Simulation simulation, int client) {
    this.simulation = simulation;
    this.client = client;
  }

  final ArrayDeque<Step> steps() {
    return steps;
  }

  final String name() {
    return "c" + client;
  }

  final String row() {
    return name() + "-" + ++number;
  }

  final String tag() {
    return " /*" + row() + "*/";
  }

  /** A number that tells whose it is: {@link Tag#client} of what is set to it. */
  final int own() {
    return client * 1000 + simulation.below(1000);
  }

  final void query(String sql) {
    send(Message.of('Q', sql + tag() + padding()));
  }

  private String padding() {
    return simulation.onceIn(40) ? " ".repeat(simulation.below(20_000)) : "";
  }

  final void parse(String name, String sql) {
    parseExactly(name, sql + tag() + padding());
  }

  final void parseExactly(String name, String sql) {
    send(
        Message.of(
            'P',
            out -> {
              Message.string(out, name);
              Message.string(out, sql);
              out.writeShort(0);
            }));
  }

  final void bind(String portal, String statement) {
    int size = simulation.onceIn(20) ? simulation.below(20_000) : 0;
    send(
        Message.of(
            'B',
            out -> {
              Message.string(out, portal);
              Message.string(out, statement);
              out.writeShort(0);
              out.writeShort(1);
              out.writeInt(size);
              out.write(new byte[size]);
              out.writeShort(0);
            }));
  }

  final void describe(char what, String name) {
    named('D', what, name);
  }

  final void close(char what, String name) {
    named('C', what, name);
  }

  private void named(char type, char what, String name) {
    send(
        Message.of(
            type,
            out -> {
              out.writeByte(what);
              Message.string(out, name);
            }));
  }

  final void execute(String portal, int limit) {
    send(
        Message.of(
            'E',
            out -> {
              Message.string(out, portal);
              out.writeInt(limit);
            }));
  }

  final void sync() {
    send(Message.of('S'));
  }

  final void flush() {
    send(Message.of('H'));
  }

  final void send(Message message) {
    steps.addLast(new Step.Send(message));
  }

  final void await() {
    steps.addLast(new Step.Await());
  }
}
