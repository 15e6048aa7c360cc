package dev.pooler.postgres.simulation;

/** The functions that scripts call: a few built in, and some that only their database knows. */
final class PgModelFunctions {
  private final PgModelSettings settings;
  private final PgModelLeftovers leftovers;

  PgModelFunctions(PgModelSettings settings, PgModelLeftovers leftovers) {
    this.settings = settings;
    this.leftovers = leftovers;
  }

  /** The value of {@code name(number)}, or null for any other word. */
  String call(String text) {
    int open = text.indexOf('(');
    if (open < 0) {
      return null;
    }
    String argument = text.substring(open + 1, text.length() - 1);
    int number = argument.isEmpty() ? 0 : Integer.parseInt(argument);
    return switch (text.substring(0, open)) {
      case "plain" -> "plain";
      case "paints" -> {
        settings.set("lock_timeout", argument);
        yield "painted";
      }
      case "renames" -> {
        settings.set("application_name", "c" + number / 1000 + "." + number % 1000);
        yield "renamed";
      }
      case "takes_lock", "pg_advisory_lock" -> {
        leftovers.lock(number);
        yield "";
      }
      case "pg_try_advisory_lock" -> {
        leftovers.lock(number);
        yield "t";
      }
      case "pg_advisory_unlock" -> leftovers.unlock(number) ? "t" : "f";
      case "pg_advisory_unlock_all" -> {
        leftovers.unlockAll();
        yield "";
      }
      default -> throw new IllegalStateException("no function " + text);
    };
  }
}
