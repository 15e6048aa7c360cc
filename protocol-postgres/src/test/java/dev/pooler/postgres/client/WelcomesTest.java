package dev.pooler.postgres.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.pooler.core.config.PoolKey;
import dev.pooler.postgres.session.PgSettings;
import java.util.Map;
import org.junit.jupiter.api.Test;

class WelcomesTest {
  private static final PoolKey POOL = new PoolKey("app", "app", "app");
  private static final Welcomes.Welcome WORDS =
      new Welcomes.Welcome(Map.of("is_superuser", "on"), Map.of());

  @Test
  void settingsThatAClientMakesUpAreNotRememberedWhereTheyAreLarge() {
    Welcomes welcomes = new Welcomes();
    PgSettings small = PgSettings.ofStartup(Map.of("application_name", "small"));
    PgSettings large = PgSettings.ofStartup(Map.of("application_name", "l".repeat(8_000)));
    welcomes.remember(POOL, small, WORDS);
    welcomes.remember(POOL, large, WORDS);
    assertEquals(WORDS, welcomes.find(POOL, small));
    assertNull(welcomes.find(POOL, large));
  }
}
