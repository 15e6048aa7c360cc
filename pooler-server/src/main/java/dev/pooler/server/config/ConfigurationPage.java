package dev.pooler.server.config;

import java.util.List;

/** docs/configuration.md, made from the table of keys; a test compares the two. */
final class ConfigurationPage {
  private static final String HEAD =
      """
      # Configuration

      One YAML file (YAML 1.2, so `off` is a word). This page is generated from the table the reader itself uses;
      `pooler config` prints the same as a commented file, `pooler config --schema` as JSON Schema, and
      `pooler check --config FILE` says what is wrong with a file, all of it at once:

          pooler.yaml:12:5: databases.app.pool.sise: unknown key; did you mean "size"?

      - **Durations and sizes** carry a unit: `ms`, `s`, `m`, `h`, `d`; `B`, `KiB`, `MiB`, `GiB`. 0 needs none.
      - **`${NAME}`** in a value is taken from the environment; a variable that is not set is an error. `$${` is a
        literal `${`. Substitution happens after the YAML is read: a variable can't add keys.
      - **Secrets** are `{file: PATH}`, `{env: NAME}` or `{command: [PROGRAM, ARGUMENT, …], refresh: 10m}`. A literal works and
        warns. No secret is ever printed.
      - **Paths** of files are relative to the configuration file; sockets need absolute ones.
      - **Addresses** are `unix:/path` or `tcp:host:port`; for `hosts` and `http` `host:port` is enough.
      - **A reload** with an error keeps the old configuration and says why.

      Without a file, `pooler run postgres://user@host:5432/database?pool-size=8` takes the same keys as parameters, their
      path joined by dashes: a database's as they are, others as `listen-auth`, `http-address`, `limits-clients`, `io-transport`.
      """;

  private final StringBuilder out = new StringBuilder(HEAD);

  private ConfigurationPage() {}

  static String render() {
    ConfigurationPage page = new ConfigurationPage();
    page.table("The file", "", Keys.ROOT);
    page.table("A secret", "", SecretForms.KEYS);
    return page.out.toString();
  }

  private void table(String title, String doc, List<Key> keys) {
    out.append("\n## ").append(title).append("\n\n");
    if (!doc.isEmpty()) {
      out.append(Character.toUpperCase(doc.charAt(0))).append(doc.substring(1)).append(".\n\n");
    }
    out.append("| Key | Value | Default | Meaning |\n| --- | --- | --- | --- |\n");
    keys.forEach(this::row);
    String path = title.startsWith("`") ? title.substring(1, title.length() - 1) + "." : "";
    for (Key key : keys) {
      switch (key.shape()) {
        case Shape.Group group -> table("`" + path + key.name() + "`", key.doc(), group.keys());
        case Shape.Groups groups ->
            table("`" + path + key.name() + "[]`", key.doc(), groups.keys());
        case Shape.Named named ->
            table("`" + path + key.name() + ".NAME`", key.doc(), named.keys());
        default -> {}
      }
    }
  }

  private void row(Key key) {
    String later = Words.later(key);
    String fallback =
        key.isRequired()
            ? "required"
            : key.fallback() == null ? key.absent() : code(key.fallback());
    String allowed = key.shape() instanceof Shape.Group ? "keys" : Words.allowed(key);
    String doc = later.isEmpty() ? key.doc() : key.doc() + " (" + later + ")";
    out.append("| `")
        .append(key.name())
        .append("` | ")
        .append(allowed)
        .append(" | ")
        .append(fallback);
    out.append(" | ").append(doc).append(" |\n");
  }

  private static String code(String text) {
    return text.isEmpty() ? "its keys' defaults" : "`" + text + "`";
  }
}
