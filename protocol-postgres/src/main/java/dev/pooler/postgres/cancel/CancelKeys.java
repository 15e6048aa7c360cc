package dev.pooler.postgres.cancel;

import java.security.SecureRandom;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The keys that our clients were given, each leading to its session. The process ids are ours, so
 * that a client never holds the key of a backend it has left. Whoever closes a session unregisters
 * its key. Safe for all threads; nothing here blocks.
 *
 * @param <T> what a cancel is delivered to
 */
public final class CancelKeys<T> {
  /** PID_MAX_LIMIT of Linux on 64 bits. */
  private static final int LARGEST_PROCESS_ID = 1 << 22;

  /**
   * What we issue from protocol 3.2 on, as PostgreSQL 18 does (MAX_CANCEL_KEY_LENGTH), in bytes.
   */
  public static final int LONG_SECRET = 32;

  private record Entry<T>(CancelKey key, T session) {}

  private final ConcurrentHashMap<Integer, Entry<T>> entries = new ConcurrentHashMap<>();
  private final SecureRandom random;
  private final CancelKey decoy;

  public CancelKeys(SecureRandom random) {
    this.random = random;
    this.decoy = new CancelKey(0, secret(LONG_SECRET));
  }

  /**
   * A new key for a session: a process id that no other session and no process has, and a random
   * secret.
   *
   * @param minorVersion the minor version of protocol 3 that was agreed: below 2 the secret has 4
   *     bytes, else 32
   */
  public CancelKey register(T session, int minorVersion) {
    int length = minorVersion < 2 ? CancelKey.MIN_SECRET : LONG_SECRET;
    while (true) {
      CancelKey key = new CancelKey(positive(), secret(length));
      if (entries.putIfAbsent(key.processId(), new Entry<>(key, session)) == null) {
        return key;
      }
    }
  }

  /** A key that leads nowhere, for a conversation in which nothing can be cancelled. */
  public CancelKey unused(int minorVersion) {
    return new CancelKey(positive(), secret(minorVersion < 2 ? CancelKey.MIN_SECRET : LONG_SECRET));
  }

  /** Forgets a key; a second call, or a key of another session, changes nothing. */
  public void unregister(CancelKey key) {
    entries.computeIfPresent(
        key.processId(), (_, entry) -> entry.key().matches(key) ? null : entry);
  }

  /**
   * The session that was given this key, or null; an unknown process id takes as long as a wrong
   * secret.
   */
  public @Nullable T find(CancelKey presented) {
    Entry<T> entry = entries.get(presented.processId());
    boolean matches = (entry == null ? decoy : entry.key()).matches(presented);
    return entry != null && matches ? entry.session() : null;
  }

  /** The session that was told this process id, or null; a process id is no secret. */
  public @Nullable T told(int processId) {
    Entry<T> entry = entries.get(processId);
    return entry == null ? null : entry.session();
  }

  /** How many keys are registered. */
  public int size() {
    return entries.size();
  }

  /** No server process has it: pg_cancel_backend of what we tell a client hits nobody else. */
  private int positive() {
    return LARGEST_PROCESS_ID + 1 + random.nextInt(Integer.MAX_VALUE - LARGEST_PROCESS_ID);
  }

  private byte[] secret(int length) {
    byte[] secret = new byte[length];
    random.nextBytes(secret);
    return secret;
  }
}
