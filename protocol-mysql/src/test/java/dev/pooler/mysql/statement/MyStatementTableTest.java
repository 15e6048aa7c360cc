package dev.pooler.mysql.statement;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.pooler.mysql.statement.MyDialects.Flavor;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code statement -> class, traits | footprint}, for each kind of statement of both manuals. */
class MyStatementTableTest {

  static List<MyTexts.Row> table() {
    return MyTexts.table();
  }

  @ParameterizedTest
  @MethodSource("table")
  void hasTheseFacts(MyTexts.Row row) {
    for (Flavor flavor : Flavor.values()) {
      if (row.isOf(flavor) && (flavor != Flavor.OLD_MYSQL || !row.text().contains("$$"))) {
        assertEquals(
            row.expected(), MyTexts.describe(MyTexts.facts(flavor, row.text())), row.text());
      }
    }
  }

  @ParameterizedTest
  @MethodSource("table")
  void isTheSameWhateverStandsBetweenItsWords(MyTexts.Row row) {
    String text = row.text();
    if (text.contains("'") || text.contains("$$")) {
      return; // spaces in a string are its own
    }
    for (String space :
        List.of("/**/", " /* ' */ ", "\t", " -- \" ;\n", " # `\n", "\n\r\f\u000b")) {
      String spaced = "\n" + text.replace(" ", space) + space + ";; ";
      for (Flavor flavor : Flavor.values()) {
        if (row.isOf(flavor)) {
          String facts = MyTexts.describe(MyTexts.facts(flavor, spaced.toLowerCase(Locale.ROOT)));
          assertEquals(row.expected(), facts, spaced);
        }
      }
    }
  }
}
