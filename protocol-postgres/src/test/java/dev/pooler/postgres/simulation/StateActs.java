package dev.pooler.postgres.simulation;

import dev.pooler.core.config.PoolMode;
import dev.pooler.testkit.simulation.Simulation;
import java.util.ArrayList;
import java.util.List;

/** What a client does to the state of its session, and what it asks of it later. */
abstract class StateActs extends PlanMessages {
  final PoolMode mode;

  /** Functions of this database set, lock and create. */
  private final boolean codeLeaves;

  /** Names of the protocol's statements that may stand for something. */
  final List<String> open = new ArrayList<>();

  StateActs(Simulation simulation, int client, PoolMode mode, boolean codeLeaves) {
    super(simulation, client);
    this.mode = mode;
    this.codeLeaves = codeLeaves;
  }

  /** One act: whole, with no transaction open behind it. */
  final void state() {
    switch (simulation.below(7)) {
      case 0 -> lock();
      case 1 -> temporary();
      case 2 -> listen();
      case 3 -> query("notify news, '" + row() + "'");
      case 4 -> preparedByText();
      default -> byText();
    }
  }

  /** A statement of such an act that may also stand in a transaction. */
  final String stateful() {
    return switch (simulation.below(8)) {
      case 0 -> "listen " + channel();
      case 1 -> "unlisten " + simulation.oneOf("*", channel());
      case 2 -> "create temp table " + table() + " ()";
      case 3 -> "drop table " + table();
      case 4 -> "select pg_advisory_unlock(" + key() + ")";
      case 5 -> "select pg_try_advisory_lock(" + key() + ")";
      case 6 -> "notify news, '" + row() + "'";
      default -> function();
    };
  }

  /** A function that the scanner does not know; it leaves something where functions do. */
  final String function() {
    if (!codeLeaves) {
      return "select plain()";
    }
    return switch (simulation.below(6)) {
      case 0 -> "select plain()";
      case 1 -> "select takes_lock(" + key() + ")";
      case 2 -> "select renames(" + own() + ")";
      default -> "select paints(" + own() + ")";
    };
  }

  private String channel() {
    return simulation.oneOf(name(), "news");
  }

  private String table() {
    return name() + "_t" + simulation.below(2);
  }

  private int key() {
    return client * 1000 + simulation.below(3);
  }

  private void lock() {
    int key = key();
    boolean hidden = codeLeaves && simulation.onceIn(2);
    query("select " + (hidden ? "takes_lock" : "pg_advisory_lock") + "(" + key + ")");
    if (simulation.onceIn(2)) {
      query("select 1");
    }
    if (!simulation.onceIn(4)) {
      query(
          simulation.onceIn(3)
              ? "select pg_advisory_unlock_all()"
              : "select pg_advisory_unlock(" + key + ")");
    }
  }

  private void temporary() {
    String table = table();
    query("create temp table " + table + " ()");
    if (simulation.onceIn(2)) {
      query("select 1");
    }
    if (!simulation.onceIn(4)) {
      query("drop table " + table);
    }
  }

  private void listen() {
    String channel = channel();
    query("listen " + channel);
    if (simulation.onceIn(2)) {
      query("notify news, '" + row() + "'");
    }
    if (!simulation.onceIn(3)) {
      query("unlisten " + simulation.oneOf("*", channel));
    }
  }

  /** PREPARE by text: names of its own, for the protocol's are not the backend's. */
  private void preparedByText() {
    String name = "q" + simulation.below(3);
    String body = simulation.onceIn(2) ? function() : "select " + (1 + simulation.below(3));
    query("prepare " + name + " as " + body);
    if (simulation.onceIn(2)) {
      query("execute " + name);
    }
    if (simulation.onceIn(2)) {
      bind("", name);
      execute("", 0);
      sync();
    }
    if (!simulation.onceIn(4)) {
      query("deallocate " + name);
    }
  }

  /** The protocol's statements by text, on whatever backend comes. */
  private void byText() {
    if (open.isEmpty() && simulation.onceIn(2)) {
      open.add("t");
      parse("t", simulation.onceIn(2) ? function() : "select 2");
      sync();
    }
    String name = open.isEmpty() ? "s99" : open.get(simulation.below(open.size()));
    switch (simulation.below(5)) {
      case 0 -> query("deallocate " + name);
      case 1 -> query("explain execute " + name);
      default -> query("execute " + name);
    }
    if (simulation.onceIn(3)) {
      bind("", name);
      execute("", 0);
      sync();
    }
  }
}
