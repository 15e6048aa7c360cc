package dev.pooler.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The tests that the tables of docs/design name are there: {@code CopyTest}, {@code CopyTest.aB},
 * with {@code …} for a name's rest or beginning, and behind it further names of that class.
 */
class DesignTablesTest {
  private static final Path ROOT = Path.of(System.getProperty("pooler.root"));

  private static final Pattern CLASS = Pattern.compile("\\b([A-Z]\\w*Test)\\b(?:\\.(\\w+…?))?");

  /** What stands behind a test of a class and is one more of them; a word of a sentence is not. */
  private static final Pattern FURTHER =
      Pattern.compile("\\G(?: \\([^)|]*\\))?[,;] ((?:…\\w+|[a-z]+[A-Z0-9]\\w*)…?)");

  @Test
  void eachNamedTestIsThere() throws IOException {
    Map<String, String> sources = sources();
    List<String> missing = new ArrayList<>();
    int found = 0;
    for (Path page : files(ROOT.resolve("docs/design"), ".md")) {
      for (String row : Files.readAllLines(page)) {
        for (String name : row.startsWith("|") ? named(row) : List.<String>of()) {
          found++;
          if (!isThere(name, sources)) {
            missing.add(page.getFileName() + ": " + name);
          }
        }
      }
    }
    assertEquals(List.of(), missing);
    assertTrue(found > 200, found + " names: the tables are read no more");
  }

  @Test
  void aRowsNamesAreTakenApart() {
    assertEquals(
        List.of("ATest.aFirst", "ATest.aSecond…", "ATest.…AThird", "BTest", "CTest.one…"),
        named("| 1 | ATest.aFirst (a case), aSecond…; …AThird; BTest | as CTest.one… and two |"));
    Map<String, String> sources = Map.of("ATest", "  void aFirstOfMany() throws X {\n f(aCall());");
    assertTrue(isThere("ATest.aFirstOfMany", sources));
    assertTrue(isThere("ATest.aFirst…", sources));
    assertTrue(isThere("ATest.…OfMany", sources));
    for (String no : List.of("ATest.aFirst", "ATest.aCall", "ATest.…OfMan", "BTest")) {
      assertEquals(false, isThere(no, sources), no);
    }
  }

  private static List<String> named(String row) {
    List<String> names = new ArrayList<>();
    Matcher test = CLASS.matcher(row);
    Matcher further = FURTHER.matcher(row);
    while (test.find()) {
      String method = test.group(2);
      names.add(method == null ? test.group(1) : test.group(1) + "." + method);
      boolean more = method != null && further.find(test.end());
      for (; more; more = further.find()) {
        names.add(test.group(1) + "." + further.group(1));
      }
    }
    return names;
  }

  private static boolean isThere(String name, Map<String, String> sources) {
    int dot = name.indexOf('.');
    String source = sources.get(dot < 0 ? name : name.substring(0, dot));
    if (source == null || dot < 0) {
      return source != null;
    }
    String method = name.substring(dot + 1).replace("…", "\\w*");
    return Pattern.compile("\\bvoid " + method + "\\(").matcher(source).find();
  }

  /** All tests' texts by their class. */
  private static Map<String, String> sources() throws IOException {
    Map<String, String> sources = new HashMap<>();
    try (Stream<Path> modules = Files.list(ROOT)) {
      for (Path module : modules.toList()) {
        Path tests = module.resolve("src/test/java");
        for (Path file : Files.isDirectory(tests) ? files(tests, "Test.java") : List.<Path>of()) {
          String name = file.getFileName().toString().replace(".java", "");
          sources.merge(name, Files.readString(file), String::concat);
        }
      }
    }
    return sources;
  }

  private static List<Path> files(Path under, String end) throws IOException {
    try (Stream<Path> all = Files.walk(under)) {
      return all.filter(file -> file.toString().endsWith(end)).toList();
    }
  }
}
