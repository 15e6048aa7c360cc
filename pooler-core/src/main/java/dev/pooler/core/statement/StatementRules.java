package dev.pooler.core.statement;

import io.netty.buffer.ByteBuf;

/**
 * Tells what a client's text does: a reader's facts, kept by exact bytes and dialect for small
 * texts, so that a statement seen before costs one hash and one comparison and no allocation.
 * Belongs to one event-loop thread; every loop has its own.
 */
public final class StatementRules {
  private final StatementReader reader;
  private final Dialect usual;
  private final Limits limits;
  private final SqlScanner scanner = new SqlScanner();
  private final StatementCache cache;
  private final byte[] scratch;

  /**
   * What bounds memory and time.
   *
   * @param entries most texts kept; rounded up to a power of two, at least 4
   * @param bytes most bytes of text kept in all
   * @param cachedLength longest text that is kept, in bytes
   * @param scannedLength longest text that is read at all, in bytes; longer is unknown
   */
  public record Limits(int entries, int bytes, int cachedLength, int scannedLength) {
    /** For one event loop of a sidecar. */
    public static final Limits DEFAULT = new Limits(1024, 256 * 1024, 4096, 16 * 1024 * 1024);

    public Limits {
      if (entries < 1 || bytes < 0 || cachedLength < 0 || scannedLength < cachedLength) {
        throw new IllegalArgumentException("limits of the statement cache: " + entries);
      }
    }
  }

  public StatementRules(StatementReader reader, Dialect usual, Limits limits) {
    this.reader = reader;
    this.usual = usual;
    this.limits = limits;
    this.scratch = new byte[limits.cachedLength];
    this.cache = new StatementCache(limits);
  }

  /** The facts of a text in the usual dialect. Indexes of the buffer are not moved. */
  public StatementFacts facts(ByteBuf sql, int offset, int length) {
    return facts(usual, sql, offset, length);
  }

  /**
   * The facts of a text, without its closing zero byte. Indexes of the buffer are not moved.
   *
   * @param offset absolute index of the first byte
   * @throws IndexOutOfBoundsException if the buffer doesn't hold these bytes
   */
  public StatementFacts facts(Dialect dialect, ByteBuf sql, int offset, int length) {
    if (length > limits.scannedLength || !isReadable(dialect, sql, offset, length)) {
      return StatementFacts.unknown();
    }
    if (length > limits.cachedLength) {
      return reader.read(scanner.start(dialect, sql, offset, length));
    }
    if (sql.hasArray()) {
      return cached(dialect, sql.array(), sql.arrayOffset() + offset, length);
    }
    sql.getBytes(offset, scratch, 0, length);
    return cached(dialect, scratch, 0, length);
  }

  /** Whether there is one way only in which the text can be meant. */
  private static boolean isReadable(Dialect dialect, ByteBuf sql, int offset, int length) {
    if (!dialect.isDoubtful()) {
      return true;
    }
    return sql.forEachByte(offset, length, value -> !dialect.isDoubtful(value)) < 0
        && !dialect.has(Lexical.UNREADABLE);
  }

  private StatementFacts cached(Dialect dialect, byte[] text, int from, int length) {
    long hash = cache.hash(dialect.features(), text, from, length);
    StatementFacts known = cache.find(hash, dialect.features(), text, from, length);
    if (known != null) {
      return known;
    }
    StatementFacts facts = reader.read(scanner.start(dialect, text, from, length));
    cache.offer(hash, dialect.features(), text, from, length, facts);
    return facts;
  }
}
