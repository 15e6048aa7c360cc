package dev.pooler.mysql.auth;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Random;

/** Payloads of the login as a server writes them, by hand. */
final class Wire {
  static final byte[] OK = {0, 0, 0, 2, 0, 0, 0};

  private Wire() {}

  @SafeVarargs
  static <T> T one(Random random, T... values) {
    return values[random.nextInt(values.length)];
  }

  static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  static byte[] join(byte[]... parts) {
    ByteArrayOutputStream joined = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      joined.writeBytes(part);
    }
    return joined.toByteArray();
  }

  static byte[] switchTo(String plugin, byte[] data) {
    return join(new byte[] {(byte) 0xfe}, ascii(plugin), new byte[1], data);
  }

  static byte[] more(byte... data) {
    return join(new byte[] {1}, data);
  }

  static byte[] err(int errno, String sqlState, String text) {
    byte[] number = {(byte) 0xff, (byte) errno, (byte) (errno >> 8)};
    return join(number, ascii("#" + sqlState + text));
  }
}
