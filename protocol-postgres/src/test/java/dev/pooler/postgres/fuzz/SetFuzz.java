package dev.pooler.postgres.fuzz;

import dev.pooler.core.statement.Footprint;
import dev.pooler.core.statement.StatementClass;
import dev.pooler.core.statement.StatementFacts;
import dev.pooler.postgres.session.PgSettings;
import dev.pooler.postgres.statement.SetStatement;
import java.nio.charset.StandardCharsets;

/**
 * What is read as a plain SET or RESET is one such statement for the scanner too, and what is said
 * again on another backend is one SET and nothing else.
 */
public final class SetFuzz {
  private SetFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) {
    String text = new String(input, StandardCharsets.UTF_8);
    int zero = text.indexOf('\0'); // ends the text on the wire
    String sql = zero < 0 ? text : text.substring(0, zero);
    SetStatement set = SetStatement.parse(sql);
    if (set == null) {
      return;
    }
    for (StatementFacts facts : SqlText.facts(sql)) {
      check(facts, sql);
    }
    PgSettings.Value value = set.value();
    if (value != null) {
      PgSettings settings = PgSettings.NONE.with(set.name(), value);
      String again = settings.differenceFrom(PgSettings.NONE);
      SqlText.facts(again).forEach(facts -> check(facts, again));
      String back = PgSettings.NONE.differenceFrom(settings);
      SqlText.facts(back).forEach(facts -> check(facts, back));
    }
  }

  private static void check(StatementFacts facts, String sql) {
    boolean one = facts.statements() == 1 && facts.first() == StatementClass.SET;
    if (!one || (facts.footprint() & ~allowed()) != 0) {
      throw new IllegalStateException("not one SET: " + facts + " " + sql);
    }
  }

  private static int allowed() {
    return Footprint.SETTING.bit() | Footprint.TEMP_TABLE.bit() | Footprint.ROLE.bit();
  }
}
