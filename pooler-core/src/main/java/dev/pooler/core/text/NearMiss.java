package dev.pooler.core.text;

import java.util.Collection;
import org.jspecify.annotations.Nullable;

/** Finds what somebody probably meant. */
public final class NearMiss {
  private NearMiss() {}

  /** {@code ; did you mean "size"?}, or nothing where no known word is near. */
  public static String suggestion(String typed, Collection<String> known) {
    String near = find(typed, known);
    return near == null ? "" : "; did you mean \"" + near + "\"?";
  }

  /** The nearest word, at most a third of its letters away, or null. */
  public static @Nullable String find(String typed, Collection<String> known) {
    String best = null;
    int bestRank = Integer.MAX_VALUE;
    for (String word : known) {
      int distance = distance(normal(typed), normal(word));
      // Of two equally near ones, people get the first letter right: MB is MiB, not B.
      int rank = 2 * distance + (typed.regionMatches(true, 0, word, 0, 1) ? 0 : 1);
      if (distance <= Math.max(1, word.length() / 3) && rank < bestRank) {
        best = word;
        bestRank = rank;
      }
    }
    return best;
  }

  /** minIdle, min_idle and min-idle are one word to a human. */
  private static String normal(String word) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < Math.min(word.length(), 64); i++) {
      char c = word.charAt(i);
      if (c != '-' && c != '_') {
        out.append(Character.toLowerCase(c));
      }
    }
    return out.toString();
  }

  /** Optimal string alignment: insert, delete, replace and swap of neighbours cost one each. */
  static int distance(String a, String b) {
    int[][] cost = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        cost[i][j] = i == 0 || j == 0 ? i + j : cheapest(cost, a, b, i, j);
      }
    }
    return cost[a.length()][b.length()];
  }

  private static int cheapest(int[][] cost, String a, String b, int i, int j) {
    boolean same = a.charAt(i - 1) == b.charAt(j - 1);
    int best = cost[i - 1][j - 1] + (same ? 0 : 1);
    best = Math.min(best, Math.min(cost[i - 1][j], cost[i][j - 1]) + 1);
    boolean swapped =
        i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1);
    return swapped ? Math.min(best, cost[i - 2][j - 2] + 1) : best;
  }
}
