package dev.pooler.postgres.simulation;

import dev.pooler.core.config.PoolMode;
import dev.pooler.testkit.simulation.Simulation;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * What a client will do: messages to send, and places where it waits for its answers. Acts are
 * drawn one at a time, each of them whole: no transaction and no batch stays open behind it.
 */
final class ClientPlan {
  /** One entry of the plan. */
  sealed interface Step {
    record Send(Message message) implements Step {}

    /** Goes on when everything asked is answered. */
    record Await() implements Step {}
  }

  private final Simulation simulation;
  private final int client;
  private final PoolMode mode;

  /** Some clients only ever bind an unnamed statement that they have not parsed. */
  private final boolean orphan;

  private final boolean cancels;
  private final ArrayDeque<Step> steps = new ArrayDeque<>();
  private int number;
  private int names;

  /** Names that may stand for something. */
  private final List<String> open = new ArrayList<>();

  ClientPlan(Simulation simulation, int client, PoolMode mode) {
    this.simulation = simulation;
    this.client = client;
    this.mode = mode;
    this.orphan = simulation.onceIn(6);
    this.cancels = simulation.onceIn(3);
  }

  ArrayDeque<Step> steps() {
    return steps;
  }

  /** Whether this client cancels now and then. */
  boolean cancels() {
    return cancels;
  }

  String name() {
    return "c" + client;
  }

  /** Adds one more act. */
  void extend() {
    switch (simulation.below(20)) {
      case 0, 1 -> transaction();
      case 2 -> setting();
      case 3 -> query("show " + simulation.oneOf("application_name", "lock_timeout"));
      case 4 -> copyIn();
      case 5 -> copyInPipelined();
      case 6 -> query("copy " + name() + "_r" + simulation.below(40) + " to stdout");
      case 7 -> query(statement() + tag() + "; " + statement() + tag() + "; " + statement());
      case 8 -> functionCall();
      case 9 -> send(Message.of('Q', simulation.oneOf("", " ")));
      case 10 -> simulation.oneOf((Runnable) this::named, this::reuse, this::reuse).run();
      case 11 -> leaves();
      case 12, 13 -> flushed();
      case 14, 15, 16 -> batch();
      default -> query(statement());
    }
    if (!simulation.onceIn(3)) {
      await();
    }
  }

  // --- statements -----------------------------------------------------------------------------

  private String tag() {
    return " /*" + name() + "-" + ++number + "*/";
  }

  private String statement() {
    return switch (simulation.below(8)) {
      case 0 -> "select missing";
      case 1 -> "select big " + (1 + simulation.below(3000));
      case 2 -> "select " + simulation.below(300);
      case 3 -> "show application_name";
      case 4 -> "show lock_timeout";
      default -> "select " + (1 + simulation.below(3));
    };
  }

  private String set() {
    return switch (simulation.below(7)) {
      case 0, 1 -> "set application_name to '" + name() + "." + simulation.below(100) + "'";
      case 2, 3 -> "set lock_timeout to " + timeout();
      case 4 ->
          simulation.onceIn(3)
              ? "deallocate all"
              : "reset " + simulation.oneOf("application_name", "lock_timeout", "all");
      case 5 -> "discard all";
      default -> "set lock_timeout to " + timeout() + tag() + "; select missing";
    };
  }

  /** Nothing may overtake a RESET: the session's start-up values come back behind its answer. */
  private void setting() {
    String set = set();
    if (set.startsWith("set")) {
      // A comment makes it a statement that pooler doesn't parse: then it pins.
      send(Message.of('Q', simulation.onceIn(4) ? set + tag() : set));
    } else {
      await();
      send(Message.of('Q', set));
      await();
    }
  }

  private int timeout() {
    return client * 1000 + simulation.below(1000);
  }

  private void transaction() {
    if (mode == PoolMode.STATEMENT) {
      query(statement());
      return;
    }
    boolean pipelined = simulation.onceIn(3);
    query("begin");
    int statements = simulation.below(5);
    for (int i = 0; i < statements; i++) {
      if (!pipelined) {
        await();
      }
      switch (simulation.below(7)) {
        case 0 -> query("set local lock_timeout to " + timeout());
        case 1 -> query("set lock_timeout to " + timeout());
        case 2 -> portal();
        case 3 -> batch();
        case 4 -> copyIn();
        default -> query(statement());
      }
    }
    if (!pipelined) {
      await();
    }
    query(simulation.oneOf("commit", "rollback"));
  }

  private void leaves() {
    switch (simulation.below(3)) {
      case 0 -> query("listen " + name());
      case 1 -> query("create temp table " + name() + "_t ()");
      default -> setting();
    }
  }

  // --- messages -------------------------------------------------------------------------------

  private void query(String sql) {
    send(Message.of('Q', sql + tag() + padding()));
  }

  private String padding() {
    return simulation.onceIn(40) ? " ".repeat(simulation.below(20_000)) : "";
  }

  private void parse(String name, String sql) {
    send(
        Message.of(
            'P',
            out -> {
              Message.string(out, name);
              Message.string(out, sql + tag() + padding());
              out.writeShort(0);
            }));
  }

  private void bind(String portal, String statement) {
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

  private void describe(char what, String name) {
    send(
        Message.of(
            'D',
            out -> {
              out.writeByte(what);
              Message.string(out, name);
            }));
  }

  private void execute(String portal, int limit) {
    send(
        Message.of(
            'E',
            out -> {
              Message.string(out, portal);
              out.writeInt(limit);
            }));
  }

  private void close(char what, String name) {
    send(
        Message.of(
            'C',
            out -> {
              out.writeByte(what);
              Message.string(out, name);
            }));
  }

  private void sync() {
    send(Message.of('S'));
  }

  private void flush() {
    send(Message.of('H'));
  }

  private void functionCall() {
    String argument = name() + "-" + ++number;
    send(
        Message.of(
            'F',
            out -> {
              out.writeInt(952);
              out.writeShort(0);
              out.writeShort(1);
              out.writeInt(argument.length());
              out.writeBytes(argument);
              out.writeShort(0);
            }));
  }

  private void batch() {
    int executions = 1 + simulation.below(3);
    for (int i = 0; i < executions; i++) {
      one();
    }
    sync();
  }

  /** Parse to Execute without a Sync. */
  private void one() {
    if (orphan) {
      bind("", "");
      execute("", 0);
      return;
    }
    parse("", simulation.onceIn(6) ? "set lock_timeout to " + timeout() : statement());
    if (simulation.onceIn(3)) {
      describe('S', "");
    }
    bind("", "");
    if (simulation.onceIn(2)) {
      describe('P', "");
    }
    execute("", 0);
    if (simulation.onceIn(4)) {
      close(simulation.onceIn(2) ? 'S' : 'P', "");
    }
  }

  private void flushed() {
    one();
    flush();
    await();
    if (simulation.onceIn(2)) {
      one();
      flush();
      await();
    }
    sync();
  }

  private void portal() {
    parse(orphan ? named("p") : "", "select " + (1 + simulation.below(20)));
    bind("p", orphan ? "p" + names : "");
    execute("p", 3);
    flush();
    await();
    execute("p", 5);
    sync();
    execute("p", 0);
    sync();
  }

  private String named(String prefix) {
    return prefix + ++names;
  }

  private void named() {
    String statement = named("s");
    open.add(statement);
    define(statement);
    int uses = simulation.below(3);
    for (int i = 0; i < uses; i++) {
      bind("", statement);
      execute("", 0);
      sync();
    }
    if (simulation.onceIn(2)) {
      close('S', statement);
    }
    sync();
  }

  /** Others may prepare the very same text: then it is one statement for all of them. */
  private void define(String statement) {
    if (simulation.onceIn(8)) {
      parse("", "select missing");
    }
    if (simulation.onceIn(2)) {
      parse(statement, statement());
    } else {
      String common = simulation.oneOf("select 1", "show application_name", "show lock_timeout");
      send(
          Message.of(
              'P',
              out -> {
                Message.string(out, statement);
                Message.string(out, common);
                out.writeShort(0);
              }));
    }
    if (simulation.onceIn(3)) {
      return; // the batch goes on
    }
    sync();
    if (simulation.onceIn(2)) {
      await();
    }
  }

  /** Names from before, on whatever backend comes: some are gone, some never were. */
  private void reuse() {
    String statement = open.isEmpty() ? "s99" : open.get(simulation.below(open.size()));
    switch (simulation.below(5)) {
      case 0 -> define(statement);
      case 1 -> close('S', statement);
      case 2 -> describe('S', statement);
      default -> {}
    }
    if (simulation.onceIn(3)) {
      sync();
    }
    bind("", statement);
    execute("", 0);
    sync();
  }

  // --- COPY -----------------------------------------------------------------------------------

  private void copyIn() {
    String from = "copy " + table() + " from stdin";
    boolean simple = simulation.onceIn(2) || orphan;
    // With a cancel it would be a matter of luck whether the server skips this Sync.
    boolean early = !cancels && simulation.onceIn(3);
    if (simple) {
      query(from);
    } else {
      parse("", from);
      bind("", "");
      execute("", 0);
      if (early) {
        sync(); // the server skips it, unless the COPY fails at once
      } else {
        flush();
      }
    }
    await();
    copyData();
    if (!simple) {
      sync();
    }
  }

  /** All of it in one go, without waiting for CopyInResponse. */
  private void copyInPipelined() {
    if (orphan) {
      copyIn();
      return;
    }
    parse("", "copy " + table() + " from stdin");
    bind("", "");
    execute("", 0);
    copyData();
    sync();
  }

  private String table() {
    return name() + "_" + simulation.oneOf("r0", "r0", "r1", "r3", "missing");
  }

  private void copyData() {
    int rows = simulation.below(6);
    for (int i = 0; i < rows; i++) {
      String row = name() + "-" + ++number;
      send(
          Message.of(
              'd',
              out -> {
                Message.string(out, row);
                out.write(new byte[simulation.oneOf(0, 10, 3000)]);
              }));
    }
    send(simulation.onceIn(4) ? Message.of('f', "no more") : Message.of('c'));
  }

  private void send(Message message) {
    steps.addLast(new Step.Send(message));
  }

  private void await() {
    steps.addLast(new Step.Await());
  }

  /** What a client says when it leaves politely. */
  static List<Message> goodbye() {
    return List.of(new Message('X', new byte[0]));
  }
}
