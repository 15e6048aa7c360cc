package dev.pooler.postgres.statement;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.core.statement.Dialect;
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
    return CodeInText.read(PgDialects.STANDARD, StatementFacts.unknown(), text.getBytes(UTF_8));
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

  /** Each would be looked at a thousand times and more, for seconds: the bound must hold. */
  @ParameterizedTest
  @ValueSource(strings = {"\\n", "\\n\\r", "update ", "update t ", "--a", "--a--", "--$"})
  void whatTakesTooLongIsHidden(String part) {
    String text =
        "do $x$ begin "
            + part.repeat(8000 / part.length())
            + " reseed reload reset update alter dblink end $x$";
    ReadingLimit limit = new ReadingLimit(CodeInText.LOOKS * text.length());
    StatementMeaning meaning =
        CodeInText.read(PgDialects.STANDARD, StatementFacts.unknown(), text.getBytes(UTF_8), limit);
    assertTrue(limit.looks() <= CodeInText.LOOKS * text.length() + 1, () -> "" + limit.looks());
    assertTrue(meaning.hidesNames());
    assertTrue(read(text).hidesNames());
  }

  /** Needs room in the bound for code of any length, with every word that is looked for. */
  @Test
  void plainCodeIsNotTooLong() {
    String some =
        """
        -- all of those that are due
        for r in select id, name, load, seed from public.account where due < now() loop
          if r.amount > 100 and not is_a_backup(r) then
            update public.account set amount = r.amount - 100, changed = now() where id = r.id;
            insert into public.log (account, what) values (r.id, E'\\n\\nreduced: ' || r.name);
          else
            perform set_config('app.tenant', r.name, false); /* for the rest */
          end if;
          raise notice '% rows of % in this language', n, %1$s;
        end loop;
        """;
    for (int times : new int[] {1, 13}) {
      String text = "do $$ begin " + some.repeat(times) + " end $$";
      assertTrue(text.length() <= 8192);
      ReadingLimit limit = new ReadingLimit(CodeInText.LOOKS * text.length());
      StatementMeaning meaning =
          CodeInText.read(
              PgDialects.STANDARD, StatementFacts.unknown(), text.getBytes(UTF_8), limit);
      assertEquals(List.of("app.tenant"), meaning.custom());
      assertTrue(limit.looks() < CodeInText.LOOKS * text.length(), () -> "" + limit.looks());
    }
  }

  /** Needs the meaning kept: one text is looked at by whoever it passes. */
  @Test
  void theSameTextIsReadOnce() {
    LastCode last = new LastCode();
    StatementMeaning first = read(last, PgDialects.STANDARD, "do $$ begin set app.a = 1; end $$");
    assertSame(first, read(last, PgDialects.STANDARD, "do $$ begin set app.a = 1; end $$"));
    StatementMeaning doubted = read(last, PgDialects.IN_DOUBT, "do $$ begin set app.a = 1; end $$");
    assertNotSame(first, doubted);
    StatementMeaning other = read(last, PgDialects.IN_DOUBT, "do $$ begin set app.b = 1; end $$");
    assertEquals(List.of("app.b"), other.custom());
    last.forget();
    assertNotSame(other, read(last, PgDialects.IN_DOUBT, "do $$ begin set app.b = 1; end $$"));
  }

  private static StatementMeaning read(LastCode last, Dialect dialect, String text) {
    ByteBuf bytes = Unpooled.wrappedBuffer(text.getBytes(UTF_8));
    return last.read(dialect, StatementFacts.unknown(), bytes, 0, bytes.readableBytes());
  }

  @Test
  void moreNamesThanAreKeptAreHidden() {
    StringBuilder code = new StringBuilder();
    for (int i = 0; i <= CustomSettings.MOST; i++) {
      code.append("set a.b").append(i).append(" = 1; ");
    }
    StatementMeaning meaning = read("do $$ begin " + code + " end $$");
    assertEquals(List.of(), meaning.custom());
    assertTrue(meaning.hidesNames());
  }

  @Test
  void whatIsLongIsNotRead() {
    assertTrue(read("do $$ begin " + "perform 1; ".repeat(1000) + " end $$").hidesNames());
  }
}
