package dev.pooler.demo;

import java.io.PrintWriter;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Runs checks, prints each as it ends and remembers whether one was wrong. One thread. */
final class Checks {
  private final PrintWriter out;
  private int right;
  private int wrong;

  Checks(PrintWriter out) {
    this.out = out;
  }

  /** What one check looks at. */
  interface Probe {
    @Nullable Object see() throws Exception;
  }

  /** Right if what is seen, as text, equals what is expected; an exception is something seen. */
  void expect(String what, Object expected, Probe probe) {
    String seen;
    try {
      seen = Objects.toString(probe.see());
    } catch (Exception e) {
      seen = e.toString().replaceAll("\\s*\\R\\s*", " ");
    }
    if (seen.equals(expected.toString())) {
      right++;
      out.println("ok    " + what);
    } else {
      wrong++;
      out.println("FAIL  " + what + ": seen " + seen + ", expected " + expected);
    }
    out.flush();
  }

  /** What can't be looked at now, with the reason; neither right nor wrong. */
  void skip(String what, String reason) {
    out.println("--    " + what + ": " + reason);
    out.flush();
  }

  boolean allRight() {
    return wrong == 0 && right > 0;
  }

  String summary() {
    return wrong == 0
        ? "all %d checks right".formatted(right)
        : "%d of %d checks wrong".formatted(wrong, right + wrong);
  }
}
