package dev.pooler.postgres.statement;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CustomSettingsTest {
  @ParameterizedTest
  @CsvSource(
      delimiterString = "->",
      quoteCharacter = '\u0001',
      textBlock =
          """
          SET app.tenant = '7'                                 -> app.tenant
          set session App.Tenant to 7                          -> app.tenant
          SET LOCAL app.tenant = '7'                           -> app.tenant
          SET local.tenant = '7'                               -> local.tenant
          SET session . tenant = '7'                           -> session.tenant
          SET "App"."Tenant" = 7                               -> app.tenant
          SET "app.tenant" = 7                                 -> app.tenant
          SET a.b.c = 7                                        -> a.b.c
          /* x */ SET app.a = 1; -- y                          -> app.a
          SET app.a = 1; SET app.b = 2; set APP.A to 3         -> app.a app.b
          RESET app.a                                          -> app.a
          SELECT 1; RESET "app"."b"                            -> app.b
          SELECT set_config('app.a', $1, false)                -> app.a
          SELECT pg_catalog . "set_config" ( 'APP.a' , $1, $2) -> app.a
          SELECT set_config('a.b', set_config('c.d', 'x', false), false) -> a.b c.d
          SELECT SET_CONFIG('a.b', 'c.d', false), set_config('e.f', 'x', true) -> a.b e.f
          SELECT set_config('it''s.b', 'x', false)             -> it's.b
          SELECT set_limit(0.5)                                -> pg_trgm.similarity_threshold
          SET work_mem = '1MB'                                 -> none
          SELECT set_config('work_mem', '1MB', false)          -> none
          SET TIME ZONE 'UTC'                                  -> none
          UPDATE t SET a.b = 1                                 -> none
          SELECT set_config, 'set_config(x)', "a.b" FROM t     -> none
          SET                                                  -> none
          SET 'x'                                              -> none
          ;;                                                   -> none
          """)
  void namesAreFound(String sql, String expected) {
    List<String> names = expected.equals("none") ? List.of() : List.of(expected.split(" "));
    assertEquals(names, names(sql));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELECT set_config($1, 'x', false)",
        "SELECT set_config('app.a', 'x', false), set_config(name, 'y', false) FROM t",
        "SELECT set_config('app.' || 'a', 'x', false)",
        "SELECT set_config('app.a'::text, 'x', false)",
        "SELECT set_config(E'app.a', 'x', false)",
        "SELECT set_config($$app.a$$, 'x', false)",
        "SELECT set_config('app'\n'.a', 'x', false)",
        "SELECT set_config('app.\\a', 'x', false)",
        "SELECT set_config(setting_name => 'app.a', new_value => 'x', is_local => false)",
        "SELECT set_config(",
        "SELECT set_config('a.b'",
        "SELECT set_config('\u00e4.b', 'x', false)",
        "SELECT U&\"set\\005fconfig\"('a.b', 'x', false)",
        "SET U&\"app\".a = 1",
        "SET app.\u00e4 = 1",
        "UPDATE pg_settings SET setting = 'x' WHERE name = 'app.a'",
        "SET app.a = 'open"
      })
  void whatTheTextDoesNotTellIsUnknown(String sql) {
    assertNull(names(sql));
  }

  @Test
  void aLongTextIsUnknown() {
    assertNull(names("SET app.a = '" + "x".repeat(CustomSettings.LONGEST) + "'"));
  }

  @Test
  void moreNamesThanAreKeptAreUnknown() {
    StringBuilder sql = new StringBuilder();
    for (int i = 0; i < CustomSettings.MOST; i++) {
      sql.append("SET a.b").append(i).append(" = 1;");
    }
    List<String> most = names(sql.toString());
    assertEquals(CustomSettings.MOST, most == null ? 0 : most.size());
    assertNull(names(sql + "SET a.more = 1"));
  }

  private static @Nullable List<String> names(String sql) {
    ByteBuf buffer = Unpooled.copiedBuffer("Q" + sql, StandardCharsets.UTF_8);
    return CustomSettings.names(PgDialects.STANDARD, buffer, 1, buffer.readableBytes() - 1);
  }
}
