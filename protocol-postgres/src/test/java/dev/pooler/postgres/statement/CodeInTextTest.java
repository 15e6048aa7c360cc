package dev.pooler.postgres.statement;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.core.statement.StatementFacts;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Code that is written to take an event loop's stack or time. */
class CodeInTextTest {
  private static final int SMALL_STACK = 192 * 1024;

  private static StatementMeaning read(String text) {
    ByteBuf bytes = Unpooled.wrappedBuffer(text.getBytes(UTF_8));
    return CodeInText.read(
        PgDialects.STANDARD, StatementFacts.unknown(), bytes, 0, bytes.readableBytes());
  }

  /** Needs what may repeat to take no stack: one that overflows ends its session. */
  @ParameterizedTest
  @ValueSource(strings = {" ", "\n", "\\n", "-", "$", ".a", "update ", "set a", "'", "(", "begin "})
  @Timeout(60)
  void whateverIsRepeatedTakesNoStack(String part) throws Exception {
    String text = "do $$ begin; set a" + part.repeat(8000 / part.length()) + " = '1'; end $$";
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>(null);
    Thread thread =
        new Thread(
            null, () -> read(text.substring(0, Math.min(8192, text.length()))), "", SMALL_STACK);
    thread.setUncaughtExceptionHandler((which, what) -> failure.set(what));
    thread.start();
    thread.join();
    assertNull(failure.get());
  }

  @Test
  void namesAreFoundBehindSpacesAndComments() {
    StatementMeaning meaning =
        read("do $$ begin\n\n\n  ----- it\n   set   app.tenant = '1'; end $$");
    assertEquals(List.of("app.tenant"), meaning.custom());
    assertFalse(meaning.hidesNames());
  }

  @Test
  void whatIsLongIsNotRead() {
    assertTrue(read("do $$ begin " + "perform 1; ".repeat(1000) + " end $$").hidesNames());
  }
}
