package dev.pooler.core.statement;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class StatementCacheTest {
  private int reads;

  private final StatementReader counting =
      scanner -> {
        reads++;
        return new StatementFacts(reads, StatementClass.READ, 0, 0, 0, 0);
      };

  @Test
  void aTextIsReadUntilItWasSeenTwice() {
    StatementRules rules = rules(new StatementRules.Limits(16, 1000, 100, 1000));
    for (int i = 0; i < 10; i++) {
      ask(rules, "select 1");
    }
    assertEquals(2, reads);
  }

  @Test
  void aTextLongerThanTheLimitIsReadEachTime() {
    StatementRules rules = rules(new StatementRules.Limits(16, 1000, 7, 1000));
    for (int i = 0; i < 10; i++) {
      ask(rules, "select 1");
    }
    assertEquals(10, reads);
  }

  @Test
  void textsOfOneHashAreToldApartByTheirBytes() {
    StatementCache cache = new StatementCache(new StatementRules.Limits(16, 1000, 100, 1000));
    byte[] one = bytes("one");
    keep(cache, 42, one);
    assertNotNull(cache.find(42, 0, one, 0, 3));
    assertNull(cache.find(42, 0, bytes("two"), 0, 3));
    assertNull(cache.find(42, 0, bytes("on"), 0, 2));
    assertNull(cache.find(42, 1, one, 0, 3));
  }

  @Test
  void countAndBytesStayInTheirBounds() {
    StatementCache cache = new StatementCache(new StatementRules.Limits(16, 300, 100, 1000));
    for (int i = 0; i < 5000; i++) {
      byte[] text = bytes("select " + "x".repeat(i % 50) + i);
      long hash = cache.hash(0, text, 0, text.length);
      keep(cache, hash, text);
      assertTrue(cache.bytes() <= 300);
      assertTrue(cache.size() <= 16);
      assertNotNull(cache.find(hash, 0, text, 0, text.length));
    }
    assertFalse(cache.size() == 0);
  }

  @Test
  void theHashDependsOnEachByteAndTheDialect() {
    StatementCache cache = new StatementCache(new StatementRules.Limits(16, 300, 100, 1000));
    byte[] text = bytes("select a from b where c = 17");
    long hash = cache.hash(0, text, 0, text.length);
    assertTrue(hash != cache.hash(1, text, 0, text.length));
    for (int i = 0; i < text.length; i++) {
      text[i] ^= 1;
      assertTrue(hash != cache.hash(0, text, 0, text.length));
      text[i] ^= 1;
    }
  }

  private StatementRules rules(StatementRules.Limits limits) {
    return new StatementRules(counting, Dialect.of(), limits);
  }

  private static void ask(StatementRules rules, String text) {
    ByteBuf buffer = Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
    rules.facts(buffer, 0, buffer.readableBytes());
  }

  private static void keep(StatementCache cache, long hash, byte[] text) {
    cache.offer(hash, 0, text, 0, text.length, StatementFacts.unknown());
    cache.offer(hash, 0, text, 0, text.length, StatementFacts.unknown());
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
