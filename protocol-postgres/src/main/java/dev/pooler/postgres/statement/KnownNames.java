package dev.pooler.postgres.statement;

import dev.pooler.core.statement.WordTable;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
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

  static {
    Map<String, Integer> words = new LinkedHashMap<>();
    add(words, "builtin-functions.txt");
    add(words, "extension-functions.txt");
    add(words, "keywords.txt");
    for (String word : OPERATORS) {
      add(words, word, GRAMMAR);
    }
    for (String word : STRATEGIES) {
      add(words, word, 0);
    }
    TABLE = WordTable.of(List.copyOf(words.keySet()));
    KINDS = new byte[words.size()];
    int id = 0;
    for (int kind : words.values()) {
      KINDS[id++] = (byte) kind;
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

  /** Whether the table has a word, or a beginning of it that matters. */
  static boolean contains(String word) {
    return TABLE.find(word) >= 0 || word.startsWith(new String(SPATIAL, StandardCharsets.US_ASCII));
  }

  /** The place of a word that is in the table. */
  static int id(String word) {
    int id = TABLE.find(word);
    if (id < 0) {
      throw new IllegalArgumentException("not in the table: " + word);
    }
    return id;
  }

  /** All words of a resource, in its order. */
  static List<String> words(String resource) {
    List<String> words = new ArrayList<>();
    for (String line : text(resource).strip().split("\n", -1)) {
      if (!line.startsWith("#")) {
        Collections.addAll(words, line.split(" ", -1));
      }
    }
    return words;
  }

  private static String text(String resource) {
    try (InputStream in = KnownNames.class.getResourceAsStream(resource)) {
      return new String(
          Objects.requireNonNull(in, resource).readAllBytes(), StandardCharsets.US_ASCII);
    } catch (IOException e) {
      throw new UncheckedIOException(resource, e);
    }
  }

  private static void add(Map<String, Integer> words, String resource) {
    int kind = FUNCTION;
    for (String word : words(resource)) {
      switch (word) {
        case "c:", "r:" -> kind = KEYWORD | GRAMMAR;
        case "t:", "u:" -> kind = KEYWORD;
        default -> add(words, word, kind);
      }
    }
  }

  private static void add(Map<String, Integer> words, String word, int kind) {
    words.put(word, words.getOrDefault(word, 0) | kind);
  }

  private static boolean is(int id, int kind) {
    return id >= 0 && (KINDS[id] & kind) != 0;
  }
}
