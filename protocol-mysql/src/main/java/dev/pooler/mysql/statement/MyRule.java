package dev.pooler.mysql.statement;

import dev.pooler.core.statement.Footprint;
import dev.pooler.core.statement.StatementClass;
import dev.pooler.core.statement.StatementTrait;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What a statement does that starts in one way. The pattern is written as {@code create [or
 * replace] temp|temporary}: words, alternatives, optional ones in brackets, {@code <name>}, {@code
 * <end>} of the statement, and symbols as they are. The statement must also hold one of the words
 * of {@code any}, where that is not empty.
 */
final class MyRule {
  final StatementClass type;
  final List<Step> steps;
  private final WordSet any = new WordSet();
  int footprint;
  int traits;
  int clears;

  /** One place of a pattern. */
  record Step(boolean optional, WordSet words, boolean name, int other) {

    boolean matches(int code) {
      return (name && code >= MyVocabulary.NAME) || code == other || words.contains(code);
    }

    private static Step of(String text) {
      boolean optional = text.startsWith("[");
      String bare = optional ? text.substring(1, text.length() - 1) : text;
      WordSet words = new WordSet();
      if (bare.equals("<end>")) {
        return new Step(optional, words, false, MyShape.NOTHING);
      }
      if (bare.equals("<name>")) {
        return new Step(optional, words, true, Integer.MAX_VALUE);
      }
      int other = Integer.MAX_VALUE;
      for (String part : bare.split("\\|")) {
        if (Character.isLetter(part.charAt(0))) {
          words.add(MyWord.valueOf(part.toUpperCase(Locale.ROOT)).id());
        } else {
          other = MyVocabulary.symbol(part.charAt(0));
        }
      }
      return new Step(optional, words, false, other);
    }
  }

  MyRule(StatementClass type, String pattern) {
    this.type = type;
    List<Step> parsed = new ArrayList<>();
    for (String step : pattern.split(" ")) {
      parsed.add(Step.of(step));
    }
    this.steps = List.copyOf(parsed);
  }

  MyRule any(MyWord... words) {
    for (MyWord word : words) {
      any.add(word.id());
    }
    return this;
  }

  /** Ends an open transaction first. */
  MyRule commits() {
    return is(StatementTrait.COMMITS_IMPLICITLY);
  }

  MyRule leaves(Footprint... reasons) {
    for (Footprint reason : reasons) {
      footprint |= reason.bit();
    }
    return this;
  }

  MyRule clears(Footprint... reasons) {
    for (Footprint reason : reasons) {
      clears |= reason.bit();
    }
    return this;
  }

  MyRule is(StatementTrait... all) {
    for (StatementTrait trait : all) {
      traits |= trait.bit();
    }
    return this;
  }

  boolean matches(MyShape shape) {
    return (any.isEmpty() || any.intersects(shape.seen())) && matches(shape, 0, 0);
  }

  private boolean matches(MyShape shape, int step, int place) {
    if (step == steps.size()) {
      return true;
    }
    Step wanted = steps.get(step);
    if (wanted.matches(shape.head(place)) && matches(shape, step + 1, place + 1)) {
      return true;
    }
    return wanted.optional && matches(shape, step + 1, place);
  }
}
