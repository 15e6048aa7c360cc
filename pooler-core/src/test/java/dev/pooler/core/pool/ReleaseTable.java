package dev.pooler.core.pool;

import dev.pooler.core.config.PoolMode;
import java.util.List;
import java.util.Locale;

/**
 * The specification of {@link ReleaseDecision}, written as a table and apart from its code: for
 * each combination of facts exactly one row holds. {@code docs/design/release.md} is this table.
 */
final class ReleaseTable {
  /** One combination of everything the decision may know. */
  record Facts(
      PoolMode mode,
      TransactionState transaction,
      boolean dead,
      boolean owed,
      boolean midFrame,
      boolean ending,
      boolean cancelling,
      Leftovers leftovers) {
    ReleaseDecision decided() {
      return ReleaseDecision.decide(
          mode, transaction, dead, owed, midFrame, ending, cancelling, leftovers);
    }
  }

  /**
   * One row; a cell is yes, no, a word or – for either.
   *
   * @param unfinished replies are owed, or half a frame of the client has been sent
   */
  record Row(
      String dead,
      String unfinished,
      String ending,
      String transaction,
      String cancelling,
      String mode,
      String leftovers,
      ReleaseDecision decision,
      String why) {
    boolean holds(Facts facts) {
      boolean session = facts.mode() == PoolMode.SESSION;
      boolean open = facts.transaction() != TransactionState.IDLE;
      return is(dead, facts.dead())
          && is(unfinished, facts.owed() || facts.midFrame())
          && is(ending, facts.ending())
          && is(transaction, open ? "open" : "none")
          && is(cancelling, facts.cancelling())
          && is(mode, session ? "session" : "shared")
          && (is(leftovers, word(facts.leftovers()))
              || (leftovers.equals("some") && facts.leftovers() != Leftovers.NONE));
    }

    private static String word(Leftovers leftovers) {
      return leftovers.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    private static boolean is(String cell, boolean fact) {
      return is(cell, fact ? "yes" : "no");
    }

    private static boolean is(String cell, String fact) {
      return cell.equals("–") || cell.equals(fact);
    }

    String markdown() {
      return "| " + String.join(" | ", cells()) + " |";
    }

    private List<String> cells() {
      return List.of(
          dead,
          unfinished,
          ending,
          transaction,
          cancelling,
          mode,
          leftovers,
          "`" + decision + "`",
          why);
    }
  }

  private static final String[][] ROWS = {
    // dead unfinished ending transaction cancelling mode leftovers decision
    {"yes", "–", "–", "–", "–", "–", "–", "EVICT", "a broken stream is nobody's"},
    {"no", "yes", "no", "–", "–", "–", "–", "KEEP_UNFINISHED", "its replies are still to come"},
    {"no", "yes", "yes", "–", "–", "–", "–", "EVICT", "nobody reads the replies any more"},
    {"no", "no", "no", "open", "–", "–", "–", "KEEP_TRANSACTION", "its own transaction"},
    {"no", "no", "–", "none", "yes", "–", "–", "AWAIT_CANCEL", "it must not hit the next session"},
    {"no", "no", "yes", "open", "yes", "–", "–", "AWAIT_CANCEL", "it must not hit the ROLLBACK"},
    {"no", "no", "no", "none", "no", "session", "–", "KEEP_SESSION_MODE", "the mode says so"},
    {"no", "no", "no", "none", "no", "shared", "pinned", "KEEP_PINNED", "its state can't move"},
    {"no", "no", "no", "none", "no", "shared", "in doubt", "READ_BACK", "the server knows"},
    {"no", "no", "no", "none", "no", "shared", "none", "RELEASE", "between transactions, clean"},
    {"no", "no", "yes", "open", "no", "–", "–", "ROLL_BACK", "nobody can commit it any more"},
    {"no", "no", "yes", "none", "no", "session", "–", "RESET", "anything may have been left"},
    {"no", "no", "yes", "none", "no", "shared", "some", "RESET", "what was left goes"},
    {"no", "no", "yes", "none", "no", "shared", "none", "RELEASE", "nothing was left"},
  };

  private ReleaseTable() {}

  static List<Row> rows() {
    return List.of(ROWS).stream().map(ReleaseTable::row).toList();
  }

  private static Row row(String[] cells) {
    return new Row(
        cells[0],
        cells[1],
        cells[2],
        cells[3],
        cells[4],
        cells[5],
        cells[6],
        ReleaseDecision.valueOf(cells[7]),
        cells[8]);
  }

  /** The whole of {@code docs/design/release.md}. */
  static String page() {
    StringBuilder page =
        new StringBuilder(
            """
            # When does a lease end?

            `ReleaseDecision.decide` answers, in one place and by nothing but what it is given. It is
            asked after each ReadyForQuery that leaves nothing owed, when a session ends, and when a
            cancel request has arrived. For each combination of facts exactly one row holds; – means
            that the fact doesn't matter. *Unfinished*: the backend owes replies, a batch has been
            begun and not ended, or half a frame of the client has been sent. *Leftovers* are what the
            session may have left on the backend. *Shared* are the modes
            transaction and statement. An *open* transaction may be a failed one.

            This page is printed and checked by `ReleaseDecisionTest`, over all combinations.

            | Backend dead | Unfinished | Session over | Transaction | Cancel on its way | Mode | \
            Leftovers | Decision | Because |
            | --- | --- | --- | --- | --- | --- | --- | --- | --- |
            """);
    rows().forEach(row -> page.append(row.markdown()).append('\n'));
    return page.toString();
  }
}
