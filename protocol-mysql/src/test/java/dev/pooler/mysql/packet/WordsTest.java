package dev.pooler.mysql.packet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The constants and their names, each told by its own. */
class WordsTest {
  @Test
  void eachCapabilityHasItsBitAndItsName() throws IllegalAccessException {
    int bits = 0;
    for (Field field : Capabilities.class.getFields()) {
      long value = field.getLong(null);
      if (!field.getName().endsWith("_MASK")) {
        assertEquals(field.getName(), Capabilities.names(value));
        bits++;
      }
    }
    assertEquals(38, bits);
    assertNull(Capabilities.name(38));
    assertEquals("LONG_PASSWORD|bit 40", Capabilities.names(1L | 1L << 40));
    assertEquals("", Capabilities.names(0));
  }

  @Test
  void capabilitiesAreThereIfAllAre() {
    long some = Capabilities.SSL | Capabilities.CACHE_METADATA;
    assertTrue(Capabilities.has(some, Capabilities.CACHE_METADATA));
    assertFalse(Capabilities.has(some, Capabilities.SSL | Capabilities.COMPRESS));
    assertEquals(Capabilities.CACHE_METADATA, some & Capabilities.MARIADB_MASK);
  }

  @Test
  void eachStatusFlagHasItsBitAndItsName() throws IllegalAccessException {
    for (Field field : ServerStatus.class.getFields()) {
      assertEquals(field.getName(), ServerStatus.names(field.getInt(null)));
    }
    assertEquals("IN_TRANS|AUTOCOMMIT", ServerStatus.names(3));
    assertEquals("bit 2", ServerStatus.names(4));
  }

  @Test
  void eachCommandHasItsCodeAndItsName() throws IllegalAccessException {
    Set<Integer> known = new HashSet<>();
    for (Field field : Command.class.getFields()) {
      if (Modifier.isStatic(field.getModifiers())) {
        assertEquals("COM_" + field.getName(), Command.name(field.getInt(null)));
        assertTrue(known.add(field.getInt(null)), field.getName());
      }
    }
    assertEquals(39, known.size());
    for (int code = -1; code <= 256; code++) {
      assertEquals(known.contains(code), !Command.name(code).equals("COM_UNKNOWN"), "code " + code);
    }
  }

  @Test
  @Tag("mysql-case-14")
  void characterSetsOfCollations() {
    assertEquals("latin1", Collations.charset(Collations.LATIN1_SWEDISH_CI));
    assertEquals("utf8mb3", Collations.charset(Collations.UTF8MB3_GENERAL_CI));
    assertEquals("binary", Collations.charset(Collations.BINARY));
    for (int id :
        List.of(
            Collations.UTF8MB4_GENERAL_CI,
            Collations.UTF8MB4_BIN,
            Collations.UTF8MB4_0900_AI_CI,
            Collations.UTF8MB4_UCA1400_AI_CI,
            309,
            1024 + 45)) {
      assertEquals("utf8mb4", Collations.charset(id));
      assertTrue(Collations.asciiSafe(id));
    }
    for (int unknown : List.of(-1, 0, 100, 252, 324, 1023, 2047, 4096, 70_000)) {
      assertNull(Collations.charset(unknown), "id " + unknown);
      assertFalse(Collations.asciiSafe(unknown), "id " + unknown);
    }
  }

  @Test
  @Tag("mysql-case-14")
  void aScannerKeepsAwayFromCharacterSetsWithQuotesInsideOfCharacters() {
    Set<String> unsafe = new HashSet<>();
    for (int id = 0; id < 4096; id++) {
      String charset = Collations.charset(id);
      if (charset != null && !Collations.asciiSafe(id)) {
        unsafe.add(charset);
      }
    }
    assertEquals(
        Set.of(
            "big5",
            "cp932",
            "filename",
            "gb18030",
            "gbk",
            "sjis",
            "swe7",
            "ucs2",
            "utf16",
            "utf16le",
            "utf32"),
        unsafe);
    assertTrue(Collations.asciiSafe("utf8"));
    assertFalse(Collations.asciiSafe("klingon"));
  }

  @Test
  @Tag("mysql-case-16")
  void aLargeCollationLogsInWithASmallOneOfItsCharacterSet() {
    assertEquals(45, Collations.inOneByte(Collations.UTF8MB4_UCA1400_AI_CI));
    assertEquals(45, Collations.inOneByte(309));
    assertEquals(45, Collations.inOneByte(Collations.UTF8MB4_0900_AI_CI));
    assertEquals(45, Collations.inOneByte(99_999));
    assertEquals(33, Collations.inOneByte(2048));
    assertEquals(8, Collations.inOneByte(8));
    for (int id = 0; id < 4096; id++) {
      String charset = Collations.charset(id);
      int small = Collations.inOneByte(id);
      assertTrue(small <= Collations.LARGEST_IN_ONE_BYTE);
      if (charset != null) {
        assertEquals(charset, Collations.charset(small), "id " + id);
      }
    }
  }
}
