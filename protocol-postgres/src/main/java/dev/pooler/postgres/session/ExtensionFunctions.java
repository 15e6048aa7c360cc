package dev.pooler.postgres.session;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.stream.Collectors;

/** The functions of extensions whose calls in a text are taken to leave nothing. */
final class ExtensionFunctions {
  private static final String RESOURCE = "/dev/pooler/postgres/statement/extension-functions.txt";

  /** Their names as an array's text. */
  static final String AS_ARRAY =
      text()
          .lines()
          .filter(line -> !line.startsWith("#"))
          .map(line -> line.strip().replace(' ', ','))
          .collect(Collectors.joining(",", "{", "}"));

  private ExtensionFunctions() {}

  private static String text() {
    try (InputStream in = ExtensionFunctions.class.getResourceAsStream(RESOURCE)) {
      return new String(
          Objects.requireNonNull(in, RESOURCE).readAllBytes(), StandardCharsets.US_ASCII);
    } catch (IOException e) {
      throw new UncheckedIOException(RESOURCE, e);
    }
  }
}
