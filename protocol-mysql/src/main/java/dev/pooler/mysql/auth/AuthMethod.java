package dev.pooler.mysql.auth;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** The authentication methods of MySQL and MariaDB that pooler speaks, by their plugin's name. */
public enum AuthMethod {
  /** The password as it is: only where it is asked for by the configuration, and never exposed. */
  MYSQL_CLEAR_PASSWORD("mysql_clear_password"),
  /** SHA-1; what MariaDB and old clients use; gone from MySQL 9. */
  MYSQL_NATIVE_PASSWORD("mysql_native_password"),
  /** Deprecated in MySQL 8; each login shows the server the password. */
  SHA256_PASSWORD("sha256_password"),
  /** The usual one since MySQL 8. */
  CACHING_SHA2_PASSWORD("caching_sha2_password"),
  /** MariaDB since 10.1.22; the server's side of it is called ed25519. */
  CLIENT_ED25519("client_ed25519"),
  /** MariaDB since 11.6. */
  PARSEC("parsec");

  private final String plugin;

  AuthMethod(String plugin) {
    this.plugin = plugin;
  }

  /** The name in greetings and switches, and in the configuration. */
  public String plugin() {
    return plugin;
  }

  /** Null for a plugin that pooler doesn't know. */
  static @Nullable AuthMethod of(byte[] plugin) {
    return of(new String(plugin, StandardCharsets.ISO_8859_1));
  }

  static @Nullable AuthMethod of(String plugin) {
    for (AuthMethod method : values()) {
      if (method.plugin.equals(plugin)) {
        return method;
      }
    }
    return null;
  }
}
