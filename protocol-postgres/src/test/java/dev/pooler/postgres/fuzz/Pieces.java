package dev.pooler.postgres.fuzz;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** An input as messages: each is led by its length in two bytes; the last takes what is left. */
final class Pieces {
  private static final int MOST = 16;

  private Pieces() {}

  static List<byte[]> of(byte[] input) {
    List<byte[]> pieces = new ArrayList<>();
    int at = 0;
    while (at + 2 <= input.length && pieces.size() < MOST) {
      int length = (input[at] & 0xff) << 8 | (input[at + 1] & 0xff);
      int end = Math.min(input.length, at + 2 + length);
      pieces.add(Arrays.copyOfRange(input, at + 2, end));
      at = end;
    }
    return pieces;
  }

  /** The message with {@code @} for what the other side said and a corpus can't know. */
  static byte[] filled(byte[] message, String said) {
    String text = new String(message, StandardCharsets.ISO_8859_1);
    return text.replace("@", said).getBytes(StandardCharsets.ISO_8859_1);
  }
}
