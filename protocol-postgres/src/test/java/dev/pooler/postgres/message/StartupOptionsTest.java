package dev.pooler.postgres.message;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The same strings, with real settings, were put to PostgreSQL 18.6 and gave the same values. */
class StartupOptionsTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          ""                                  | ""
          "   "                               | ""
          -c a=b                              | a=b
          -ca=b                               | a=b
          "  -c   a=b  "                      | a=b
          -c a=b --c=d                        | a=b;c=d
          --config-like=value                 | config_like=value
          -c statement-timeout=5s             | statement_timeout=5s
          -c search_path=a\\,\\ b             | search_path=a, b
          -c a=x\\\\y                         | a=x\\y
          -c a=                               | a=
          -c a=b=c                            | a=b=c
          -c TIMEZONE=UTC                     | TimeZone=UTC
          -c a=1 -c b=2 -c A=3                | b=2;a=3
          -e                                  | DateStyle=euro
          -ec a=b                             | DateStyle=euro;a=b
          -S 64MB                             | work_mem=64MB
          -S64MB                              | work_mem=64MB
          -c sort_mem=1                       | work_mem=1
          -c a=b\\                            | a=b
          -c my.tenant=7                      | my.tenant=7
          -c a=b --                           | a=b
          """)
  void readsSettings(String options, String settings) throws MalformedStartup {
    List<String> read = new ArrayList<>();
    StartupOptions.parse(options).forEach((name, value) -> read.add(name + "=" + value));

    assertEquals(settings, String.join(";", read));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          -c        | invalid command-line argument in startup packet options: "-c": write settings as -c name=value
          -- -e     | invalid command-line argument in startup packet options: "--": write settings as -c name=value
          geqo=off  | invalid command-line argument in startup packet options: "geqo=off": write settings as -c name=value
          -         | invalid command-line argument in startup packet options: "-": write settings as -c name=value
          -F        | invalid command-line argument in startup packet options: "-F": write settings as -c name=value
          -B 100    | invalid command-line argument in startup packet options: "-B": write settings as -c name=value
          -c =x     | invalid command-line argument in startup packet options: "-c =x": write settings as -c name=value
          --geqo    | --geqo requires a value
          -c geqo   | -c geqo requires a value
          -cgeqo    | -c geqo requires a value
          """)
  void refusesTheRest(String options, String text) {
    MalformedStartup refusal =
        assertThrows(MalformedStartup.class, () -> StartupOptions.parse(options));

    assertEquals(new StartupPacket.Malformed("42601", text), refusal.packet());
  }
}
