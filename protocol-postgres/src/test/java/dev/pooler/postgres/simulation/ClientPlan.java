package dev.pooler.postgres.simulation;

import dev.pooler.core.config.PoolMode;
import dev.pooler.testkit.simulation.Simulation;
import java.util.List;

/**
 * What a client will do: messages to send, and places where it waits for its answers. Acts are
 * drawn one at a time, each of them whole: no transaction and no batch stays open behind it.
 */
final class ClientPlan extends StateActs {
  /** Some clients only ever bind an unnamed statement that they have not parsed. */
  private final boolean orphan;

  private final boolean cancels;
  private int names;

  ClientPlan(Simulation simulation, int client, PoolMode mode, boolean codeLeaves) {
    super(simulation, client, mode, codeLeaves);
    this.orphan = simulation.onceIn(6);
    this.cancels = simulation.onceIn(3);
  }

  /** Whether this client cancels now and then. */
  boolean cancels() {
    return cancels;
  }

  /** Adds one more act. */
  void extend() {
    switch (simulation.below(29)) {
      case 20, 21, 22, 23, 24 -> state();
      case 25 -> query(stateful());
      case 26 -> named();
      case 27, 28 -> reuse();
      case 0, 1 -> transaction();
      case 2 -> setting();
      case 3 -> query("show " + simulation.oneOf("application_name", "lock_timeout"));
      case 4 -> copyIn();
      case 5 -> copyInPipelined();
      case 6 -> query("copy " + name() + "_r" + simulation.below(40) + " to stdout");
      case 7 -> query(statement() + tag() + "; " + statement() + tag() + "; " + statement());
      case 8 -> functionCall();
      case 9 -> send(Message.of('Q', simulation.oneOf("", " ")));
      case 10 -> simulation.oneOf((Runnable) this::named, this::reuse, this::unnamed).run();
      case 11 -> setting();
      case 12, 13 -> flushed();
      case 14, 15, 16 -> batch();
      default -> query(statement());
    }
    if (!simulation.onceIn(3)) {
      await();
    }
  }

  // --- statements -----------------------------------------------------------------------------

  private String statement() {
    return switch (simulation.below(9)) {
      case 8 -> function();
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
      case 2, 3 -> "set lock_timeout to " + own();
      case 4 ->
          simulation.onceIn(3)
              ? "deallocate all"
              : "reset " + simulation.oneOf("application_name", "lock_timeout", "all");
      case 5 -> "discard all";
      default -> "set lock_timeout to " + own() + tag() + "; select missing";
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
      switch (simulation.below(13)) {
        case 0 -> query("set local lock_timeout to " + own());
        case 1, 5, 12 -> query("set lock_timeout to " + own());
        case 7 -> query("set application_name to '" + name() + "." + simulation.below(100) + "'");
        case 8 -> query("savepoint " + point());
        case 9 -> query("rollback to " + point());
        case 10 -> query(simulation.onceIn(3) ? "deallocate all" : "release " + point());
        case 11 -> query(stateful());
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
    if (simulation.onceIn(2)) {
      await();
      query("show " + simulation.oneOf("application_name", "lock_timeout"));
    }
  }

  private String point() {
    return simulation.oneOf("p1", "p1", "p2");
  }

  // --- messages -------------------------------------------------------------------------------

  private void functionCall() {
    String argument = row();
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
    if (simulation.onceIn(2)) {
      // Others send the very same text: backends keep it under a name of ours.
      parseExactly("", "select " + (1 + simulation.below(3)));
    } else {
      parse("", simulation.onceIn(6) ? "set lock_timeout to " + own() : statement());
    }
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
      parseExactly(
          statement, simulation.oneOf("select 1", "show application_name", "show lock_timeout"));
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

  /** The one without a name, and what takes it away, or is skipped behind a failure. */
  private void unnamed() {
    if (orphan) {
      reuse();
      return;
    }
    parse("", statement());
    sync();
    if (simulation.onceIn(2)) {
      await();
    }
    if (simulation.onceIn(2)) {
      parse(named("f"), "select missing");
    }
    switch (simulation.below(4)) {
      case 0 -> close('S', "");
      case 1 -> parse("", simulation.onceIn(2) ? "select missing" : statement());
      case 2 -> query(statement());
      default -> {}
    }
    sync();
    if (simulation.onceIn(2)) {
      await();
    }
    bind("", "");
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
    boolean waits = !early || simulation.onceIn(2);
    if (waits) {
      await();
    }
    if (!simple && !cancels && simulation.onceIn(waits ? 8 : 2)) {
      outOfTurn();
      return;
    }
    copyData();
    if (early && simulation.onceIn(4)) {
      outOfTurn(); // skipped, unless the COPY has failed in front of its early Sync
      sync();
    } else if (!simple) {
      sync();
    }
  }

  /** Instead of data: PostgreSQL ends the session, unless the COPY is over. */
  private void outOfTurn() {
    if (simulation.onceIn(2)) {
      parse("", statement());
      bind("", "");
      execute("", 0);
      sync();
    } else {
      query(statement());
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
    return name() + "_" + simulation.oneOf("r0", "r0", "r1", "r3", "missing", "refused");
  }

  private void copyData() {
    int rows = simulation.below(6);
    for (int i = 0; i < rows; i++) {
      String row = row();
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

  /** What a client says when it leaves politely. */
  static List<Message> goodbye() {
    return List.of(new Message('X', new byte[0]));
  }
}
