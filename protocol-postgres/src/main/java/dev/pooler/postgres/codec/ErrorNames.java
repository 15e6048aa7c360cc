package dev.pooler.postgres.codec;

import dev.pooler.postgres.message.BackendType;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An ErrorResponse about a shared statement, in which the client is to read its own name for it:
 * "prepared statement … already exists", "bind message supplies 1 parameters, but …".
 */
public final class ErrorNames {
  private static final Pattern SHARED = Pattern.compile("_pooler_[0-9]+");

  private ErrorNames() {}

  /** Whether such a name stands in it. */
  public static boolean areIn(@Nullable String message) {
    return message != null && message.contains("_pooler_");
  }

  /**
   * The same message with the client's names, for the caller to release; or null if nothing
   * changes.
   *
   * @param index of the message's type, {@code end} behind all of it
   * @param clients the client's name for a shared one, or null
   */
  public static @Nullable ByteBuf replace(
      ByteBuf in, int index, int end, Function<String, @Nullable String> clients) {
    // Every byte is a character, whatever the client's encoding is.
    String body =
        in.toString(
            index + PgFrameFormat.HEADER,
            end - index - PgFrameFormat.HEADER,
            StandardCharsets.ISO_8859_1);
    String renamed =
        SHARED
            .matcher(body)
            .replaceAll(found -> {
              String name = clients.apply(found.group());
              return Matcher.quoteReplacement(name == null ? found.group() : bytes(name));
            });
    if (renamed.equals(body)) {
      return null;
    }
    ByteBuf message = in.alloc().buffer(PgFrameFormat.HEADER + renamed.length());
    message.writeByte(BackendType.ERROR_RESPONSE).writeInt(4 + renamed.length());
    message.writeCharSequence(renamed, StandardCharsets.ISO_8859_1);
    return message;
  }

  private static String bytes(String name) {
    return new String(name.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
  }
}
