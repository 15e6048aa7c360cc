package dev.pooler.mysql.codec;

/**
 * How long the binary values of parameters are (MySQL 9.7 protocol documentation, "Binary Protocol
 * Value"; protocol_classic.cc, get_ps_param_len).
 */
final class ParameterValues {
  /** Bytes of a type: enum_field_types, then 0x80 for a number without a sign. */
  static final int TYPE = 2;

  private ParameterValues() {}

  /** Bytes of a bitmap that tells which of so many are NULL. */
  static int bitmap(int parameters) {
    return (parameters + 7) / 8;
  }

  /**
   * Goes on behind a value that is not NULL.
   *
   * <p>Types that client libraries send and servers read alike, and no others: servers read 24-bit
   * numbers and years with a length, where the documentation has none; what is read differently
   * here and there could hide a statement.
   */
  static void skip(PacketReader values, int type) {
    switch (type) {
      case 1 -> values.skip(1, "a value"); // TINY
      case 2 -> values.skip(2, "a value"); // SHORT
      case 3, 4 -> values.skip(4, "a value"); // LONG, FLOAT
      case 5, 8 -> values.skip(8, "a value"); // DOUBLE, LONGLONG
      case 0, 7, 10, 11, 12, 15, 16 -> // DECIMAL, TIMESTAMP, DATE, TIME, DATETIME, VARCHAR, BIT
          values.skip(values.length("a value"), "a value");
      case 242, 245, 246, 247, 248, 249, 250, 251, 252, 253, 254, 255 -> // VECTOR, JSON to GEOMETRY
          values.skip(values.length("a value"), "a value");
      default -> throw values.violation("a value of type " + type);
    }
  }
}
