package dev.pooler.postgres.cancel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class CancelKeysTest {
  private final CancelKeys<String> keys = new CancelKeys<>(new SecureRandom());

  @Test
  void leadsAKeyToItsSessionUntilThatIsClosed() {
    CancelKey first = keys.register("first", 2);
    CancelKey second = keys.register("second", 2);

    assertEquals("first", keys.find(first));
    assertEquals("second", keys.find(new CancelKey(second.processId(), second.secret())));
    keys.unregister(first);
    assertNull(keys.find(first));
    assertEquals("second", keys.find(second));
    keys.unregister(first);
    assertEquals(1, keys.size());
  }

  @Test
  void givesNothingForAWrongSecret() {
    CancelKey key = keys.register("session", 2);
    byte[] wrong = key.secret();
    wrong[31] ^= 1;

    assertNull(keys.find(new CancelKey(key.processId(), wrong)));
    assertNull(keys.find(new CancelKey(key.processId(), new byte[4])));
    assertNull(keys.find(new CancelKey(key.processId(), new byte[256])));
    keys.unregister(new CancelKey(key.processId(), wrong));
    assertEquals("session", keys.find(key));
  }

  @Test
  void givesNothingForAnUnknownProcessId() {
    CancelKey key = keys.register("session", 0);

    assertNull(keys.find(new CancelKey(key.processId() ^ 1, key.secret())));
    assertNull(keys.find(new CancelKey(0, key.secret())));
    assertNull(keys.find(new CancelKey(-1, key.secret())));
  }

  @Test
  void givesSecretsAsLongAsTheProtocolVersionAllows() {
    assertEquals(4, keys.register("3.0", 0).secret().length);
    assertEquals(4, keys.register("3.1", 1).secret().length);
    assertEquals(32, keys.register("3.2", 2).secret().length);
  }

  @Test
  void givesEachSessionItsOwnPositiveProcessIdFromAllThreads() throws Exception {
    int threads = 4;
    int each = 5_000;
    Set<Integer> seen = ConcurrentHashMap.newKeySet();
    try (var executor = Executors.newFixedThreadPool(threads)) {
      List<Future<?>> tasks = new ArrayList<>();
      for (int t = 0; t < threads; t++) {
        tasks.add(executor.submit(() -> registerMany(each, seen)));
      }
      for (Future<?> task : tasks) {
        task.get();
      }
    }
    assertEquals(threads * each, seen.size());
    assertEquals(threads * each, keys.size());
    // Linux gives no process a higher id than this: pg_cancel_backend of ours hits nobody.
    assertTrue(seen.stream().allMatch(pid -> pid > 1 << 22));
  }

  @Test
  void looksForAnotherProcessIdWhenOneIsTaken() {
    int[] ids = {41, 41, 42};
    CancelKeys<String> scripted = new CancelKeys<>(scripted(ids));

    int first = scripted.register("first", 0).processId();
    assertEquals(first + 1, scripted.register("second", 0).processId());
  }

  private void registerMany(int count, Set<Integer> seen) {
    for (int i = 0; i < count; i++) {
      seen.add(keys.register("s", 2).processId());
    }
  }

  private static SecureRandom scripted(int[] ids) {
    return new SecureRandom() {
      private int next;

      @Override
      public int nextInt(int bound) {
        return ids[next++];
      }
    };
  }
}
