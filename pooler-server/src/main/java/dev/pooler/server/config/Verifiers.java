package dev.pooler.server.config;

import java.util.regex.Pattern;

/**
 * The forms of PostgreSQL's pg_authid.rolpassword (PostgreSQL manual, 52.8). Never repeats a
 * verifier in a message.
 */
final class Verifiers {
  private static final String SCRAM = "SCRAM-SHA-256$";

  private Verifiers() {}

  static void check(Section user, String verifier, Findings findings) {
    if (verifier.startsWith(SCRAM)) {
      if (!Pattern.matches(
          "[0-9]{1,9}:[A-Za-z0-9+/=]+\\$[A-Za-z0-9+/=]{44}:[A-Za-z0-9+/=]{44}",
          verifier.substring(SCRAM.length()))) {
        findings.warn(
            user,
            "verifier",
            "is not complete, no password will match: SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey");
      }
    } else if (!Pattern.matches("md5[0-9a-f]{32}", verifier)) {
      findings.error(user, "verifier", "is not SCRAM-SHA-256$… or md5 and 32 hexadecimal digits");
    }
  }
}
