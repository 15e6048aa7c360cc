package dev.pooler.server.config;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One row of the table that all reading and all reference texts come from.
 *
 * @param fallback the default as text, or null
 * @param absent what holds without it, in words, where there is no default; empty: the key is
 *     required
 * @param example a value for the reference, in YAML
 * @param doc one line
 * @param later null, or what of its values this version takes
 * @param fixed it is read at the start, and a reload changes nothing of it
 */
record Key(
    String name,
    Shape shape,
    @Nullable String fallback,
    String absent,
    String example,
    String doc,
    @Nullable Later later,
    boolean fixed) {

  /**
   * Of a key whose feature is not there yet: some values ask for nothing and are taken, some are
   * taken and reported as without effect, all others are errors.
   *
   * @param ignoresOthers whether the others are without effect instead of errors
   */
  record Later(List<String> quiet, List<String> withoutEffect, boolean ignoresOthers) {}

  static Key of(String name, ValueType type, String fallback, String doc) {
    return new Key(name, new Shape.One(type), fallback, fallback, fallback, doc, null, false);
  }

  static Key required(String name, Shape shape, String example, String doc) {
    return new Key(name, shape, null, "", example, doc, null, false);
  }

  static Key optional(String name, Shape shape, String absent, String example, String doc) {
    return new Key(name, shape, null, absent, example, doc, null, false);
  }

  /** A mapping that is there with its keys' defaults when it isn't written. */
  static Key group(String name, List<Key> keys, String doc) {
    return new Key(name, new Shape.Group(keys), "", "", "", doc, null, false);
  }

  Key later(List<String> quiet, List<String> withoutEffect) {
    return later(new Later(quiet, withoutEffect, false));
  }

  Key laterIgnored(String... quiet) {
    return later(new Later(List.of(quiet), List.of(), true));
  }

  private Key later(Later what) {
    return new Key(name, shape, fallback, absent, example, doc, what, fixed);
  }

  /** This one and those below it are read at the start, and never again. */
  Key atStart() {
    return new Key(name, shape, fallback, absent, example, doc, later, true);
  }

  boolean isRequired() {
    return fallback == null && absent.isEmpty();
  }
}
