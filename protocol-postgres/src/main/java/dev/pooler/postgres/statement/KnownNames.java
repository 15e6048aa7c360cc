package dev.pooler.postgres.statement;

import dev.pooler.core.statement.WordTable;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What a name in front of a parenthesis may be: a function that leaves nothing in the session, or a
 * key word. The lists are resources beside this class; a word may be in both.
 */
final class KnownNames {
  private static final int FUNCTION = 1;
  private static final int KEYWORD = 2;

  /** A key word that is never a function's name unless it is quoted (gram.y, func_name). */
  private static final int GRAMMAR = 4;

  /**
   * A key word that could be a function's name, and in front of a parenthesis practically isn't.
   */
  private static final List<String> OPERATORS =
      List.of("like", "ilike", "join", "operator", "rollup", "cube");

  /** Words of PARTITION BY that are no key words. */
  private static final List<String> STRATEGIES = List.of("list", "hash");

  private static final byte[] SPATIAL = "st_".getBytes(StandardCharsets.US_ASCII);

  static final WordTable TABLE;
  private static final byte[] KINDS;
  private static final List<String> WORDS;

  static {
    Map<String, Integer> words = new LinkedHashMap<>();
    add(words, "builtin-functions.txt");
    add(words, "extension-functions.txt");
    add(words, "keywords.txt");
    OPERATORS.forEach(word -> words.merge(word, GRAMMAR, (a, b) -> a | b));
    STRATEGIES.forEach(word -> words.putIfAbsent(word, 0));
    WORDS = List.copyOf(words.keySet());
    TABLE = WordTable.of(WORDS);
    KINDS = new byte[WORDS.size()];
    for (int id = 0; id < KINDS.length; id++) {
      KINDS[id] = words.getOrDefault(WORDS.get(id), 0).byteValue();
    }
  }

  private KnownNames() {}

  static boolean isFunction(int id) {
    return is(id, FUNCTION);
  }

  static boolean isKeyword(int id) {
    return is(id, KEYWORD);
  }

  static boolean isGrammar(int id) {
    return is(id, GRAMMAR);
  }

  /** What functions of PostGIS start with. */
  static byte[] spatial() {
    return SPATIAL;
  }

  /** The place of a word that is in the table. */
  static int id(String word) {
    int id = WORDS.indexOf(word);
    if (id < 0) {
      throw new IllegalArgumentException("not in the table: " + word);
    }
    return id;
  }

  /** All words of a resource, in its order. */
  static List<String> words(String resource) {
    List<String> words = new ArrayList<>();
    try (InputStream in = KnownNames.class.getResourceAsStream(resource);
        var reader =
            new BufferedReader(
                new InputStreamReader(
                    Objects.requireNonNull(in, resource), StandardCharsets.US_ASCII))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        if (!line.startsWith("#")) {
          words.addAll(List.of(line.split(" ")));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(resource, e);
    }
    return words;
  }

  private static void add(Map<String, Integer> words, String resource) {
    int kind = FUNCTION;
    for (String word : words(resource)) {
      switch (word) {
        case "c:", "r:" -> kind = KEYWORD | GRAMMAR;
        case "t:", "u:" -> kind = KEYWORD;
        default -> words.merge(word, kind, (a, b) -> a | b);
      }
    }
  }

  private static boolean is(int id, int kind) {
    return id >= 0 && (KINDS[id] & kind) != 0;
  }
}
