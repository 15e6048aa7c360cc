package dev.pooler.server.config;

import java.util.ArrayList;
import java.util.List;

/** Collects what is wrong and what deserves a second look. */
final class Findings {
  private final List<Finding> errors = new ArrayList<>();
  private final List<Finding> warnings = new ArrayList<>();

  private record Finding(Place place, ConfigProblem problem) implements Comparable<Finding> {
    @Override
    public int compareTo(Finding other) {
      int lines = Integer.compare(place.line(), other.place.line());
      return lines != 0 ? lines : Integer.compare(place.column(), other.place.column());
    }
  }

  void error(Place place, String path, String message) {
    errors.add(new Finding(place, new ConfigProblem(place.toString(), path, message)));
  }

  void warn(Place place, String path, String message) {
    warnings.add(new Finding(place, new ConfigProblem(place.toString(), path, message)));
  }

  void error(Section section, String key, String message) {
    error(section.placeOf(key), section.pathOf(key), message);
  }

  void warn(Section section, String key, String message) {
    warn(section.placeOf(key), section.pathOf(key), message);
  }

  List<ConfigProblem> errors() {
    return inFileOrder(errors);
  }

  List<ConfigProblem> warnings() {
    return inFileOrder(warnings);
  }

  private static List<ConfigProblem> inFileOrder(List<Finding> findings) {
    return findings.stream().sorted().map(Finding::problem).toList();
  }
}
