package dev.pooler.postgres.auth;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * SASLInitialResponse: the mechanism the client chose and, unless it waits for an empty challenge,
 * its first message.
 */
@SuppressWarnings("ArrayRecordComponent") // used once and never compared
record SaslInitialResponse(String mechanism, byte @Nullable [] data) {

  static SaslInitialResponse parse(byte[] body) throws MalformedSasl {
    int end = 0;
    while (end < body.length && body[end] != 0) {
      end++;
    }
    int start = end + 1 + Integer.BYTES;
    if (body.length < start) {
      throw MalformedSasl.message("SASLInitialResponse is cut short");
    }
    String mechanism = new String(body, 0, end, StandardCharsets.ISO_8859_1);
    int length = ByteBuffer.wrap(body).getInt(end + 1);
    // Compared, never added to: CVE-2026-6664 of PgBouncer was an overflow at this length.
    if (length == -1 && body.length == start) {
      return new SaslInitialResponse(mechanism, null);
    }
    if (length != body.length - start) {
      throw MalformedSasl.message("SASLInitialResponse declares a length that is not its own");
    }
    return new SaslInitialResponse(mechanism, Arrays.copyOfRange(body, start, body.length));
  }
}
