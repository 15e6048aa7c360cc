package dev.pooler.core.console;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What an administrator can say; {@link CommandReader} makes them of text. */
public sealed interface Command {
  /** {@code SHOW POOLS} and its like. */
  record Show(Table table) implements Command {}

  /** {@code SHOW SESSION n}: one session's whole state. */
  record ShowSession(long id) implements Command {}

  /** A setting that drivers ask for; it says what the console's login said. */
  record ShowSetting(String name, String value) implements Command {}

  /** {@code SELECT 1}: drivers try a connection with it. */
  record Constant(int value) implements Command {}

  record Help() implements Command {}

  record Reload() implements Command {}

  /**
   * Something is done to databases.
   *
   * @param database null: all of them
   */
  record Control(Verb verb, @Nullable String database) implements Command {}

  record KillClient(long id) implements Command {}

  /**
   * What drivers say to every server, and what means nothing here: BEGIN, SET, DISCARD and so on.
   *
   * @param notice what the client is told beside, or null
   */
  record Quiet(String tag, Block block, @Nullable String notice) implements Command {}

  /** Nothing but space and comments. */
  record Empty() implements Command {}

  /** What acts on a database's pools. */
  enum Verb {
    PAUSE,
    RESUME,
    RECONNECT,
    KILL
  }

  /** What a quiet command does to the transaction block that the client believes in. */
  enum Block {
    STAYS,
    OPENS,
    ENDS
  }

  /** The columns of the answer; empty where there are no rows. */
  default List<Column> columns() {
    return switch (this) {
      case Show show -> show.table().columns();
      case ShowSession session -> List.of(Column.text("session"));
      case ShowSetting setting -> List.of(Column.text(setting.name()));
      case Constant constant -> List.of(Column.integer("?column?"));
      case Help help -> List.of();
      case Reload reload -> List.of();
      case Control control -> List.of();
      case KillClient kill -> List.of();
      case Quiet quiet -> List.of();
      case Empty empty -> List.of();
    };
  }

  /** The command tag of a success. */
  default String tag() {
    return switch (this) {
      case Show show -> "SHOW";
      case ShowSession session -> "SHOW";
      case ShowSetting setting -> "SHOW";
      case Constant constant -> "SELECT 1";
      case Help help -> "SHOW";
      case Reload reload -> "RELOAD";
      case Control control -> control.verb().name();
      case KillClient kill -> "KILL_CLIENT";
      case Quiet quiet -> quiet.tag();
      case Empty empty -> "";
    };
  }
}
