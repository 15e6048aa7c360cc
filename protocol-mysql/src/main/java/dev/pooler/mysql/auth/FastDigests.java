package dev.pooler.mysql.auth;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What users have shown who have but a verifier here: SHA256(SHA256(password)), with which the next
 * login needs no password in the clear (the cache of caching_sha2_password). An entry is good for
 * the verifier that the password was checked against and for no other, so that a changed one
 * empties it. Holds the most recently used ones; safe for all threads.
 */
public final class FastDigests {
  private static final int MAX_USERS = 4096;

  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Shown(Credentials verifier, byte[] digest) {}

  private final Map<String, Shown> users =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Shown> eldest) {
          return size() > MAX_USERS;
        }
      };

  byte @Nullable [] find(String user, Credentials verifier) {
    synchronized (users) {
      Shown shown = users.get(user);
      return shown != null && shown.verifier().equals(verifier) ? shown.digest() : null;
    }
  }

  void remember(String user, Credentials verifier, byte[] digest) {
    synchronized (users) {
      users.put(user, new Shown(verifier, digest));
    }
  }

  int size() {
    synchronized (users) {
      return users.size();
    }
  }
}
