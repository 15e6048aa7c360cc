package dev.pooler.server.log;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;

/** An exception's trace as lines. */
final class Traces {
  private Traces() {}

  static List<String> lines(Throwable thrown) {
    StringWriter text = new StringWriter();
    thrown.printStackTrace(new PrintWriter(text));
    return text.toString().lines().toList();
  }
}
