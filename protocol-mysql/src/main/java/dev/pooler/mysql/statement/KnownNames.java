package dev.pooler.mysql.statement;

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
  /** A function of MySQL. */
  private static final int OF_MYSQL = 1;

  /** A function of MariaDB: on the other server a stored one may have the name. */
  private static final int OF_MARIADB = 8;

  /** An expression may follow: a reserved word, and a few that are none. */
  private static final int KEYWORD = 2;

  /** Reserved by both servers: never a function's name unless it is quoted. */
  private static final int GRAMMAR = 4;

  static final WordTable TABLE;
  private static final byte[] KINDS;

  static {
    Map<String, Integer> words = new LinkedHashMap<>();
    add(words, "harmless-functions.txt");
    add(words, "reserved-words.txt");
    TABLE = WordTable.of(List.copyOf(words.keySet()));
    KINDS = new byte[words.size()];
    int id = 0;
    for (int kinds : words.values()) {
      KINDS[id++] = (byte) kinds;
    }
  }

  private KnownNames() {}

  static boolean isFunction(int id, boolean ofMariaDb) {
    return is(id, ofMariaDb ? OF_MARIADB : OF_MYSQL);
  }

  static boolean isKeyword(int id) {
    return is(id, KEYWORD);
  }

  static boolean isGrammar(int id) {
    return is(id, GRAMMAR);
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
    int kind = 0;
    for (String word : words(resource)) {
      switch (word) {
        case "functions:" -> kind = OF_MYSQL | OF_MARIADB;
        case "mysql:" -> kind = OF_MYSQL;
        case "mariadb:" -> kind = OF_MARIADB;
        case "reserved:" -> kind = KEYWORD | GRAMMAR;
        case "words:" -> kind = KEYWORD;
        default -> words.put(word, words.getOrDefault(word, 0) | kind);
      }
    }
  }

  private static boolean is(int id, int kind) {
    return id >= 0 && (KINDS[id] & kind) != 0;
  }
}
