package dev.pooler.server.config;

import dev.pooler.core.config.Address;
import dev.pooler.core.config.FileMode;
import dev.pooler.core.config.TcpAddress;
import dev.pooler.core.config.UnixAddress;
import dev.pooler.core.console.Console;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is wrong although each value alone is right: above all what would let one workload in as
 * another.
 */
final class Combinations {
  private final Section root;
  private final Findings findings;

  private Combinations(Section root, Findings findings) {
    this.root = root;
    this.findings = findings;
  }

  static void check(Section root, Findings findings) {
    Combinations checks = new Combinations(root, findings);
    Map<String, String> taken = new HashMap<>();
    for (Section listener : root.sections("listen")) {
      checks.address(listener, taken);
      checks.auth(listener);
      checks.openDoor(listener);
    }
    checks.http(taken);
    root.named("databases")
        .values()
        .forEach(database -> DatabaseChecks.check(database, taken, findings));
    checks.users();
    checks.console();
  }

  /** The default of {@code auth}, which depends on the address. */
  static String authOf(Section listener) {
    String auth = listener.find("auth", String.class);
    if (auth != null) {
      return auth;
    }
    return listener.find("address", Address.class) instanceof TcpAddress ? "scram-sha-256" : "peer";
  }

  private void address(Section listener, Map<String, String> taken) {
    Address address = listener.find("address", Address.class);
    if (address == null) {
      return;
    }
    claim(listener, "address", address, taken);
    if (address instanceof TcpAddress && listener.isWritten("mode")) {
      findings.error(listener, "mode", "is for unix sockets only");
    }
  }

  /** One address has one listener; a wildcard takes its port from all others. */
  private void claim(Section section, String key, Address address, Map<String, String> taken) {
    String path = section.pathOf(key);
    for (Map.Entry<String, String> other : taken.entrySet()) {
      if (collide(address, other.getKey())) {
        findings.error(section, key, address + " is taken by " + other.getValue());
        return;
      }
    }
    taken.put(address.toString(), path);
  }

  private static boolean collide(Address address, String other) {
    if (address.toString().equals(other)) {
      return true;
    }
    if (!(address instanceof TcpAddress tcp) || !other.endsWith(":" + tcp.port())) {
      return false;
    }
    return tcp.isWildcard() || other.startsWith("tcp:0.0.0.0:") || other.startsWith("tcp:[::]:");
  }

  private void auth(Section listener) {
    if (listener.isWritten("auth") && listener.entry("auth") == null) {
      return;
    }
    String auth = authOf(listener);
    Address address = listener.find("address", Address.class);
    if (address instanceof TcpAddress tcp) {
      if (auth.equals("peer")) {
        findings.error(
            listener,
            "auth",
            "peer is for unix sockets only: TCP does not tell the other side's uid");
      } else if (auth.equals("trust") && !tcp.isLoopback()) {
        findings.error(
            listener, "auth", "trust lets in whoever reaches " + tcp + "; use scram-sha-256");
      } else if (auth.equals("md5") && !tcp.isLoopback() && !listener.isWritten("tls")) {
        findings.warn(listener, "auth", "md5 without tls can be replayed by whoever listens in");
      }
    }
    certificates(listener, auth, address);
    if (!auth.equals("peer") && listener.isWritten("allow-uids")) {
      findings.error(
          listener,
          "allow-uids",
          "is not looked at with auth " + auth + ", which lets in other uids too");
    }
    boolean passwords = auth.equals("scram-sha-256") || auth.equals("md5");
    boolean lookedUp =
        root.named("databases").values().stream().anyMatch(entry -> entry.isWritten("auth-user"));
    if (passwords && !root.isWritten("users") && !lookedUp) {
      findings.error(
          listener,
          "auth",
          auth + " needs users, each with a verifier or a password, or a database with auth-user");
    }
  }

  private void certificates(Section listener, String auth, @Nullable Address address) {
    Section tls = listener.find("tls", Section.class);
    boolean ca = tls != null && tls.isWritten("ca");
    if (tls != null && address instanceof UnixAddress) {
      findings.warn(listener, "tls", "is not used on a unix socket");
    }
    if (!auth.equals("cert")) {
      if (tls != null && ca) {
        findings.error(tls, "ca", "is looked at with auth cert only");
      }
    } else if (address instanceof UnixAddress) {
      findings.error(listener, "auth", "cert is for tcp: there is no TLS on unix sockets");
    } else if (!ca) {
      findings.error(listener, "auth", "cert needs tls with ca, who signs clients' certificates");
    }
  }

  /** The console's names are its own, and it believes a listener that believes everybody. */
  private void console() {
    if (!root.isWritten("admin")) {
      return;
    }
    root.named("databases")
        .forEach((name, database) -> {
          if (Console.isName(name)) {
            findings.error(
                database.place(), database.path(), "is the console's name where there is admin");
          }
        });
    Section admin = root.find("admin", Section.class);
    if (admin == null || !admin.isWritten("users")) {
      return;
    }
    for (Section listener : root.sections("listen")) {
      if ("trust".equals(authOf(listener)) && "postgres".equals(protocolOf(listener))) {
        findings.warn(
            listener,
            "auth",
            "trust: whoever connects here may name itself as one of admin.users, and use the"
                + " console");
      }
    }
  }

  private static @Nullable String protocolOf(Section listener) {
    return listener.find("protocol", String.class);
  }

  /**
   * With trust, who may open the socket is all that stands between a workload and each database
   * behind it.
   */
  private void openDoor(Section listener) {
    FileMode mode = listener.find("mode", FileMode.class);
    boolean unix = listener.find("address", Address.class) instanceof UnixAddress;
    if (!unix || mode == null || !mode.worldWritable() || !authOf(listener).equals("trust")) {
      return;
    }
    root.named("databases")
        .forEach((name, database) -> {
          String user = database.find("user", String.class);
          findings.warn(
              listener,
              "auth",
              "trust with mode "
                  + mode
                  + ": every local process gets into "
                  + name
                  + " as "
                  + (user == null ? "any user it names" : user));
        });
  }

  private void http(Map<String, String> taken) {
    Section http = root.find("http", Section.class);
    if (http != null && http.find("address", Object.class) instanceof TcpAddress tcp) {
      claim(http, "address", tcp, taken);
    }
  }

  private void users() {
    Set<String> names = new HashSet<>();
    List<Section> users = root.sections("users");
    for (Section user : users) {
      String name = user.find("name", String.class);
      if (name != null && !names.add(name)) {
        findings.error(user, "name", name + " is there twice");
      }
      boolean one = user.isWritten("verifier") != user.isWritten("password");
      boolean onlyLimits = !user.isWritten("verifier") && user.isWritten("limits");
      if (!one && (!onlyLimits || user.isWritten("password"))) {
        findings.error(user.place(), user.path(), "needs a verifier or a password, one of them");
      }
      String verifier = user.find("verifier", String.class);
      if (verifier != null) {
        Verifiers.check(user, verifier, findings);
      }
    }
  }
}
