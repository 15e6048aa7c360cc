package dev.pooler.postgres.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CustomNamesTest {
  private final CustomNames names = new CustomNames();
  private int room = Integer.MAX_VALUE;

  private boolean add(List<String> more) {
    return names.add(more, bytes -> bytes <= room);
  }

  @Test
  void thereIsRoomForSoManyNames() {
    for (int i = 0; i < CustomNames.MOST; i++) {
      assertTrue(add(List.of("app.n" + i)));
    }
    assertFalse(add(List.of("app.more")));
    assertTrue(add(List.of("app.n0", "app.n999")), "known");
    assertEquals(CustomNames.MOST, names.and(Set.of()).size());
    names.clear();
    assertTrue(add(List.of("app.more")));
  }

  /** Needs their length counted: set_config takes names of any. */
  @Test
  void thereIsRoomForSoManyCharacters() {
    String half = "x".repeat(CustomNames.CHARACTERS / 2 - 1);
    assertTrue(add(List.of("a" + half, "b" + half)));
    assertFalse(add(List.of("c")));
    names.clear();
    assertTrue(add(List.of("c")));
  }

  @Test
  void theyAreCountedWithWhatIsAroundThem() {
    assertEquals(0, names.bytes());
    assertTrue(add(List.of("app.a")));
    int one = names.bytes();
    assertTrue(one > 5, "one: " + one);
    room = 2 * one;
    assertTrue(add(List.of("app.b", "app.a")));
    assertEquals(2 * one, names.bytes());
    assertFalse(add(List.of("app.c")));
    assertEquals(2 * one, names.bytes(), "not remembered");
    names.clear();
    assertEquals(0, names.bytes());
  }

  @Test
  void thoseOfTheSettingsAreAmongThem() {
    add(List.of("app.a"));
    assertEquals(Set.of("app.a", "app.b"), names.and(Set.of("app.a", "app.b", "work_mem")));
    assertEquals(Set.of("app.a"), names.and(Set.of()), "not remembered");
  }
}
