package dev.pooler.server.config;

import dev.pooler.core.text.NearMiss;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A whole configuration from one URL: {@code
 * postgres://user:password@host:5432/database?pool-size=8}. Parameters are the file's keys, their
 * path joined by dashes: those of a database as they are, those of {@code http}, {@code limits},
 * {@code io} and the one listener with that word in front. The same reader checks both forms.
 */
public final class UrlForm {
  private static final String SOURCE = "URL";
  private static final List<String> SCHEMES = List.of("postgres://", "postgresql://");

  private final Map<String, Object> root = new LinkedHashMap<>();
  private final Map<String, Object> listener = new LinkedHashMap<>();
  private final Map<String, Object> database = new LinkedHashMap<>();
  private final List<ConfigProblem> problems = new ArrayList<>();

  private UrlForm() {}

  /** Whether {@code text} is meant as a URL rather than as a file's name. */
  public static boolean isUrl(String text) {
    return text.contains("://");
  }

  /**
   * Reads a URL; like a file's, its errors are all reported at once.
   *
   * @param socketDirectory where the socket for clients is made, named as PostgreSQL's clients
   *     expect it
   */
  public static ConfigFile.Result read(String url, Path socketDirectory) {
    return new UrlForm().parse(url, socketDirectory);
  }

  private ConfigFile.Result parse(String url, Path socketDirectory) {
    String rest = afterScheme(url);
    if (rest == null) {
      String message =
          url.startsWith("mysql://")
              ? "mysql is not available in this version"
              : "is not postgres://user:password@host:port/database";
      return new ConfigFile.Invalid(List.of(new ConfigProblem(SOURCE, "", message)));
    }
    try {
      int query = rest.indexOf('?');
      String name = target(query < 0 ? rest : rest.substring(0, query));
      listener.put("address", "unix:" + socketDirectory.toAbsolutePath().resolve(".s.PGSQL.5432"));
      root.put("listen", List.of(listener));
      root.put("databases", Map.of(name, database));
      if (query >= 0) {
        parameters(rest.substring(query + 1));
      }
    } catch (BadValue e) {
      problems.add(new ConfigProblem(SOURCE, "", e.reason()));
    }
    if (!problems.isEmpty()) {
      return new ConfigFile.Invalid(List.copyOf(problems));
    }
    // The shell has put the environment in already: ${ is a literal here.
    Substitution none = new Substitution(variable -> "${" + variable + "}");
    return ConfigFile.read(SOURCE, Nodes.of(root), Path.of("").toAbsolutePath(), none);
  }

  private static @Nullable String afterScheme(String url) {
    for (String scheme : SCHEMES) {
      if (url.startsWith(scheme)) {
        return url.substring(scheme.length());
      }
    }
    return null;
  }

  /** Reads {@code user:password@hosts/database} and returns the database's name. */
  private String target(String text) throws BadValue {
    int slash = text.indexOf('/');
    String authority = slash < 0 ? text : text.substring(0, slash);
    String name = slash < 0 ? "" : decode(text.substring(slash + 1));
    int at = authority.lastIndexOf('@');
    String user = "";
    if (at >= 0) {
      String login = authority.substring(0, at);
      int colon = login.indexOf(':');
      user = decode(colon < 0 ? login : login.substring(0, colon));
      if (colon >= 0) {
        database.put("password", decode(login.substring(colon + 1)));
      }
    }
    if (!user.isEmpty()) {
      database.put("user", user);
    }
    database.put("hosts", hosts(authority.substring(at + 1)));
    if (name.isEmpty() && user.isEmpty()) {
      throw new BadValue("names no database: postgres://user@host:port/database");
    }
    return name.isEmpty() ? user : name;
  }

  /**
   * Several hosts are parted by commas; a percent-encoded path is a directory of Unix sockets, as
   * with libpq.
   */
  private static List<String> hosts(String text) throws BadValue {
    List<String> hosts = new ArrayList<>();
    for (String part : text.split(",", -1)) {
      String host = decode(part);
      if (host.startsWith("/")) {
        int colon = host.lastIndexOf(':');
        String port = colon < 0 ? "5432" : host.substring(colon + 1);
        hosts.add("unix:" + (colon < 0 ? host : host.substring(0, colon)) + "/.s.PGSQL." + port);
      } else {
        hosts.add(host.isEmpty() ? "localhost" : host);
      }
    }
    return hosts;
  }

  private void parameters(String query) throws BadValue {
    Map<String, List<String>> known = new LinkedHashMap<>();
    for (Key key : Keys.ROOT) {
      switch (key.shape()) {
        case Shape.Named named -> collect("", List.of("databases"), named.keys(), known);
        case Shape.Groups groups when key.name().equals("listen") ->
            collect("listen-", List.of("listen"), groups.keys(), known);
        case Shape.Group group when !key.name().equals("admin") ->
            collect(key.name() + "-", List.of(key.name()), group.keys(), known);
        default -> {}
      }
    }
    for (String parameter : query.split("&", -1)) {
      int equals = parameter.indexOf('=');
      String name = decode(equals < 0 ? parameter : parameter.substring(0, equals));
      List<String> path = known.get(name);
      if (equals < 0 || path == null) {
        String what =
            path == null
                ? "unknown parameter" + NearMiss.suggestion(name, known.keySet())
                : "has no value";
        problems.add(new ConfigProblem(SOURCE, name, what));
      } else {
        put(path, decode(parameter.substring(equals + 1)));
      }
    }
  }

  private static void collect(
      String prefix, List<String> path, List<Key> keys, Map<String, List<String>> into) {
    for (Key key : keys) {
      List<String> keyPath = new ArrayList<>(path);
      keyPath.add(key.name());
      switch (key.shape()) {
        case Shape.One one -> into.put(prefix + key.name(), keyPath);
        case Shape.Group group -> collect(prefix + key.name() + "-", keyPath, group.keys(), into);
        case Shape.SecretForm form ->
            collect(prefix + key.name() + "-", keyPath, SecretForms.KEYS.subList(0, 2), into);
        default -> {}
      }
    }
  }

  private void put(List<String> path, String value) {
    Map<String, Object> map =
        switch (path.getFirst()) {
          case "databases" -> database;
          case "listen" -> listener;
          default -> below(root, path.getFirst());
        };
    for (String key : path.subList(1, path.size() - 1)) {
      map = below(map, key);
    }
    map.put(path.getLast(), value);
  }

  @SuppressWarnings(
      "unchecked") // what stands there was put by this method, or is a password in the URL's front
  private static Map<String, Object> below(Map<String, Object> map, String key) {
    if (!(map.get(key) instanceof Map)) {
      map.put(key, new LinkedHashMap<String, Object>());
    }
    return (Map<String, Object>) map.get(key);
  }

  private static String decode(String text) throws BadValue {
    try {
      return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw new BadValue("has a % that two hexadecimal digits don't follow");
    }
  }
}
