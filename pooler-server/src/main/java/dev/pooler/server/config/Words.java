package dev.pooler.server.config;

/** What the reference texts say of a key, in the same words everywhere. */
final class Words {
  private Words() {}

  /** Allowed values, what holds without the key, and what is not there yet. */
  static String of(Key key) {
    String without =
        key.isRequired() ? "required" : key.fallback() == null ? "without it: " + key.absent() : "";
    return join(allowed(key), join(without, later(key)));
  }

  static String allowed(Key key) {
    return switch (key.shape()) {
      case Shape.One one -> one.type().allowed();
      case Shape.Many many -> "list of " + many.type().allowed();
      case Shape.Arguments arguments -> "list of text";
      case Shape.Uids uids -> "uid: user";
      case Shape.SecretForm form -> "secret";
      case Shape.Group group -> "";
      case Shape.Groups groups -> "list";
      case Shape.Named named -> "names";
    };
  }

  /** Restrictions on a key: what of it is not there yet, and when it takes effect. */
  static String later(Key key) {
    return join(available(key), key.fixed() ? "read at the start only" : "");
  }

  private static String available(Key key) {
    Key.Later later = key.later();
    if (later == null) {
      return "";
    }
    if (later.ignoresOthers()) {
      return "no effect in this version";
    }
    String quiet = "in this version: " + String.join(", ", later.quiet());
    return later.withoutEffect().isEmpty()
        ? quiet
        : quiet + "; without effect: " + String.join(", ", later.withoutEffect());
  }

  private static String join(String a, String b) {
    return a.isEmpty() || b.isEmpty() ? a + b : a + "; " + b;
  }
}
