package dev.pooler.core.console;

import dev.pooler.core.console.Command.Block;
import dev.pooler.core.console.Command.Verb;
import dev.pooler.core.console.Words.Word;
import dev.pooler.core.session.SqlFailure;
import dev.pooler.core.text.NearMiss;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Makes commands of what is typed. Beside PgBouncer's commands it takes, without doing anything,
 * what drivers say to every server before they let a user speak.
 */
public final class CommandReader {
  private static final String HINT = "SHOW HELP lists the commands.";

  private static final Map<String, String> SETTINGS =
      Map.of(
          "client_encoding", "UTF8",
          "default_transaction_isolation", "read committed",
          "transaction_isolation", "read committed",
          "standard_conforming_strings", "on",
          "datestyle", "ISO",
          "timezone", "GMT",
          "search_path", "pg_catalog");

  /** Session settings of PostgreSQL that drivers set on each connection. */
  private static final Set<String> DRIVERS_SETTINGS =
      Set.of(
          "application_name",
          "bytea_output",
          "client_encoding",
          "client_min_messages",
          "datestyle",
          "default_transaction_isolation",
          "default_transaction_read_only",
          "escape_string_warning",
          "extra_float_digits",
          "idle_in_transaction_session_timeout",
          "intervalstyle",
          "jit",
          "local",
          "lock_timeout",
          "names",
          "row_security",
          "search_path",
          "session",
          "standard_conforming_strings",
          "statement_timeout",
          "synchronize_seqscans",
          "time",
          "timezone",
          "transaction");

  private static final Set<String> COMMANDS =
      Set.of("SHOW", "PAUSE", "RESUME", "RECONNECT", "RELOAD", "KILL", "KILL_CLIENT");

  /** What came of reading: commands, or what is wrong with the first one that can't be read. */
  public sealed interface Read {
    /** At least one; a text without a statement is {@link Command.Empty}. */
    record Commands(List<Command> commands) implements Read {}

    record Wrong(SqlFailure failure) implements Read {}
  }

  private CommandReader() {}

  public static Read read(String sql) {
    List<Command> commands = new ArrayList<>();
    try {
      for (List<Word> statement : Words.statements(sql)) {
        commands.add(command(statement));
      }
    } catch (Unreadable e) {
      return new Read.Wrong(e.failure);
    }
    return new Read.Commands(commands.isEmpty() ? List.of(new Command.Empty()) : commands);
  }

  private static Command command(List<Word> words) throws Unreadable {
    String first = words.getFirst().text().toUpperCase(Locale.ROOT);
    return switch (words.getFirst().literal() ? "" : first) {
      case "SHOW" -> show(words);
      case "SELECT" -> select(words);
      case "PAUSE" -> control(Verb.PAUSE, words);
      case "RESUME" -> control(Verb.RESUME, words);
      case "RECONNECT" -> control(Verb.RECONNECT, words);
      case "KILL" -> control(Verb.KILL, words);
      case "KILL_CLIENT" -> new Command.KillClient(number(words, 1));
      case "RELOAD" -> {
        end(words, 1);
        yield new Command.Reload();
      }
      case "SET" -> set(words);
      case "BEGIN" -> quiet("BEGIN", Block.OPENS);
      case "START" -> quiet("START TRANSACTION", Block.OPENS);
      case "COMMIT", "END" -> quiet("COMMIT", Block.ENDS);
      case "ABORT" -> quiet("ROLLBACK", Block.ENDS);
      case "ROLLBACK" ->
          quiet("ROLLBACK", words.stream().anyMatch(w -> w.is("to")) ? Block.STAYS : Block.ENDS);
      case "SAVEPOINT", "RELEASE", "DEALLOCATE", "RESET", "UNLISTEN" -> quiet(first, Block.STAYS);
      case "DISCARD" -> quiet("DISCARD ALL", Block.STAYS);
      case "CLOSE" -> quiet("CLOSE CURSOR", Block.STAYS);
      default -> throw new Unreadable("unknown command \"" + first + "\"", first, COMMANDS);
    };
  }

  private static Command quiet(String tag, Block block) {
    return new Command.Quiet(tag, block, null);
  }

  private static Command show(List<Word> words) throws Unreadable {
    if (words.size() == 1) {
      throw new Unreadable("SHOW needs to know what");
    }
    Word what = words.get(1);
    if (what.is("session")) {
      return new Command.ShowSession(number(words, 2));
    }
    if (what.is("transaction") && words.size() == 4 && words.get(2).is("isolation")) {
      return new Command.ShowSetting("transaction_isolation", "read committed");
    }
    end(words, 2);
    if (what.is("help")) {
      return new Command.Help();
    }
    Table table = Table.find(what.text());
    if (table != null) {
      return new Command.Show(table);
    }
    String name = what.text().toLowerCase(Locale.ROOT);
    String value = SETTINGS.get(name);
    if (value != null) {
      return new Command.ShowSetting(name, value);
    }
    List<String> known = new ArrayList<>(List.of("SESSION", "HELP"));
    for (Table other : Table.values()) {
      known.add(other.name());
    }
    throw new Unreadable("there is no SHOW " + what.text().toUpperCase(Locale.ROOT), name, known);
  }

  /** As in PgBouncer, {@code SELECT x} is {@code SHOW x}; and {@code SELECT 1} is a trial. */
  private static Command select(List<Word> words) throws Unreadable {
    if (words.size() == 2 && words.get(1).text().matches("[0-9]{1,9}")) {
      return new Command.Constant(Integer.parseInt(words.get(1).text()));
    }
    if (words.size() == 2 && Table.find(words.get(1).text()) != null) {
      return show(words);
    }
    throw new Unreadable("this is the console of pooler, no database: it has no SELECT");
  }

  private static Command control(Verb verb, List<Word> words) throws Unreadable {
    end(words, 2);
    return new Command.Control(verb, words.size() == 1 ? null : words.get(1).text());
  }

  private static Command set(List<Word> words) throws Unreadable {
    String name = words.size() == 1 ? "" : words.get(1).text().toLowerCase(Locale.ROOT);
    if (DRIVERS_SETTINGS.contains(name)) {
      return new Command.Quiet("SET", Block.STAYS, "SET ignored");
    }
    throw new Unreadable(
        SqlFailure.error("0A000", 1235, "SET changes nothing at the console: " + name)
            .withHint("Change the configuration file, then say RELOAD."));
  }

  private static void end(List<Word> words, int most) throws Unreadable {
    if (words.size() > most) {
      throw new Unreadable(
          words.getFirst().text().toUpperCase(Locale.ROOT)
              + " can't be followed by \""
              + words.get(most).text()
              + "\"");
    }
  }

  private static long number(List<Word> words, int index) throws Unreadable {
    end(words, index + 1);
    if (words.size() <= index || !words.get(index).text().matches("[0-9]{1,18}")) {
      throw new Unreadable(
          words.getFirst().text().toUpperCase(Locale.ROOT)
              + (index == 2 ? " SESSION" : "")
              + " needs the id of SHOW CLIENTS");
    }
    return Long.parseLong(words.get(index).text());
  }

  /** A statement that is no command. */
  private static final class Unreadable extends Exception {
    private static final long serialVersionUID = 1L;

    final transient SqlFailure failure;

    Unreadable(SqlFailure failure) {
      super(failure.message(), null, false, false);
      this.failure = failure;
    }

    Unreadable(String message) {
      this(SqlFailure.error("42601", 1064, message).withHint(HINT));
    }

    Unreadable(String message, String typed, Iterable<String> known) {
      this(message + suggestion(typed, known));
    }

    private static String suggestion(String typed, Iterable<String> known) {
      List<String> words = new ArrayList<>();
      known.forEach(words::add);
      return NearMiss.suggestion(typed, words);
    }
  }
}
