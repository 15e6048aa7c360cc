package dev.pooler.mysql.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.mysql.packet.ServerStatus;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BackendStatusTest {
  private final BackendStatus status = new BackendStatus();

  @Test
  void nothingIsKnownBeforeAnythingIsTold() {
    assertFalse(status.certain());
    assertFalse(status.atRest());
    assertEquals(Truth.UNKNOWN, status.inTransaction());
    assertEquals(ServerStatus.AUTOCOMMIT, status.lasting());
  }

  @ParameterizedTest
  @CsvSource({
    // flags, in transaction, autocommit, at rest
    "2, NO, YES, true",
    "3, YES, YES, false",
    "0, NO, NO, false",
    "1, YES, NO, false",
    "0x4002, NO, YES, true",
  })
  @Tag("mysql-case-30")
  @Tag("mysql-case-32")
  @Tag("mysql-case-42")
  void flagsAreWhatTheLastOkTold(String flags, Truth open, Truth autocommit, boolean rest) {
    status.reported(0xffff);
    status.reported(Integer.decode(flags));
    assertEquals(open, status.inTransaction());
    assertEquals(autocommit, status.autocommit());
    assertEquals(rest, status.atRest());
    assertTrue(status.certain());
  }

  @Test
  @Tag("mysql-case-12")
  void theLexersModeIsTold() {
    status.reported(ServerStatus.AUTOCOMMIT | ServerStatus.NO_BACKSLASH_ESCAPES);
    assertEquals(Truth.YES, status.noBackslashEscapes());
    status.reported(ServerStatus.AUTOCOMMIT);
    assertEquals(Truth.NO, status.noBackslashEscapes());
  }

  @Test
  @Tag("mysql-case-34")
  void afterAnErrTheStateIsUnknownAndTheResultsFlagsAreGone() {
    status.reported(0xffff);
    status.failed();
    assertEquals(Truth.UNKNOWN, status.inTransaction());
    assertEquals(Truth.UNKNOWN, status.readOnlyTransaction());
    assertEquals(Truth.UNKNOWN, status.autocommit());
    assertEquals(Truth.UNKNOWN, status.noBackslashEscapes());
    assertFalse(status.atRest());
    assertFalse(status.moreResults());
    assertFalse(status.cursorExists());
    assertFalse(status.outParameters());
    assertFalse(status.metadataChanged());
    assertFalse(status.lastRowSent());
    assertFalse(status.sessionStateChanged());
  }

  @Test
  @Tag("mysql-case-34")
  void whoKnowsTheStatementMaySayThatItChangedNothing() {
    status.reported(ServerStatus.AUTOCOMMIT | ServerStatus.IN_TRANS);
    status.failed();
    status.unchanged();
    assertEquals(Truth.YES, status.inTransaction());
    assertEquals(Truth.YES, status.autocommit());
    assertTrue(status.certain());
  }

  @Test
  @Tag("mysql-case-81")
  void flagsOfOneResultAreThoseOfTheLast() {
    status.reported(ServerStatus.METADATA_CHANGED | ServerStatus.PS_OUT_PARAMS);
    assertTrue(status.metadataChanged());
    assertTrue(status.outParameters());
    status.reported(ServerStatus.AUTOCOMMIT | ServerStatus.SESSION_STATE_CHANGED);
    assertFalse(status.metadataChanged());
    assertFalse(status.outParameters());
    assertTrue(status.sessionStateChanged());
  }
}
