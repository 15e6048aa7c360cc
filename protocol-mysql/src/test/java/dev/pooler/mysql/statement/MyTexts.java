package dev.pooler.mysql.statement;

import dev.pooler.core.statement.Dialect;
import dev.pooler.core.statement.Footprint;
import dev.pooler.core.statement.SqlScanner;
import dev.pooler.core.statement.StatementFacts;
import dev.pooler.core.statement.StatementTrait;
import dev.pooler.mysql.statement.MyDialects.Flavor;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Reads a text as MySQL's rules do, without a cache, and the table of statements. */
final class MyTexts {
  /**
   * A row of the table.
   *
   * @param servers b: both, m: MySQL only, a: MariaDB only
   * @param expected as {@link #describe} says it
   */
  record Row(char servers, String text, String expected) {
    boolean isOf(Flavor flavor) {
      return servers == 'b' || (servers == 'a') == (flavor == Flavor.MARIADB);
    }

    @Override
    public String toString() {
      return text;
    }
  }

  private MyTexts() {}

  static StatementFacts facts(String sql) {
    return facts(Flavor.MYSQL, MyDialects.STANDARD, sql);
  }

  static StatementFacts facts(Flavor flavor, String sql) {
    return facts(flavor, MyDialects.of(flavor, "", "utf8mb4"), sql);
  }

  static StatementFacts facts(Flavor flavor, Dialect dialect, String sql) {
    byte[] bytes = sql.getBytes(StandardCharsets.UTF_8);
    SqlScanner scanner = new SqlScanner().start(dialect, bytes, 0, bytes.length);
    return new MyStatementReader(flavor).read(scanner);
  }

  /**
   * {@code CLASS TRAIT... | FOOTPRINT... -CLEARED...}, with the number of statements if not one.
   */
  static String describe(StatementFacts facts) {
    List<String> words = new ArrayList<>();
    if (facts.statements() != 1) {
      words.add(Integer.toString(facts.statements()));
    }
    words.add(facts.first().name());
    for (StatementTrait trait : StatementTrait.values()) {
      if (facts.is(trait)) {
        words.add(trait.name());
      }
    }
    if (facts.leavesFootprint() || facts.clears() != 0) {
      words.add("|");
    }
    words.addAll(footprints(facts));
    return String.join(" ", words);
  }

  static String footprint(String sql) {
    List<String> words = footprints(facts(sql));
    return words.isEmpty() ? "none" : String.join(" ", words);
  }

  private static List<String> footprints(StatementFacts facts) {
    List<String> words = new ArrayList<>();
    for (Footprint reason : Footprint.values()) {
      if (facts.leaves(reason)) {
        words.add(reason.name());
      }
    }
    for (Footprint reason : Footprint.values()) {
      if (facts.clears(reason)) {
        words.add("-" + reason.name());
      }
    }
    return words;
  }

  /** The table: one row for each kind of statement of both manuals. */
  static List<Row> table() {
    List<Row> rows = new ArrayList<>();
    for (String line : resource("statements.txt").split("\n", -1)) {
      if (!line.isBlank() && !line.startsWith("#")) {
        String[] parts = line.split(" -> ", 2);
        String expected = parts.length == 1 ? "" : parts[1];
        rows.add(new Row(line.charAt(0), parts[0].substring(2), expected));
      }
    }
    return rows;
  }

  private static String resource(String name) {
    try (InputStream in = MyTexts.class.getResourceAsStream(name)) {
      return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(name, e);
    }
  }
}
