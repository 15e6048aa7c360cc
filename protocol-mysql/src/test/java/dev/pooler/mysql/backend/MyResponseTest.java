package dev.pooler.mysql.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.core.wire.ProtocolViolation;
import dev.pooler.mysql.packet.Capabilities;
import dev.pooler.mysql.packet.Command;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Answers from the protocol's documentation, for each command and each capability that changes
 * them. Each is played whole, byte by byte and in two parts cut anywhere.
 */
class MyResponseTest {
  private static final long OLD = Capabilities.PROTOCOL_41;
  private static final long NEW = OLD | Capabilities.DEPRECATE_EOF | Capabilities.SESSION_TRACK;
  private static final int AUTOCOMMIT = Packets.AUTOCOMMIT;
  private static final int MORE = Packets.MORE;

  @ParameterizedTest
  @ValueSource(
      ints = {
        Command.QUERY,
        Command.INIT_DB,
        Command.CREATE_DB,
        Command.DROP_DB,
        Command.REFRESH,
        Command.PROCESS_KILL,
        Command.PING,
        Command.CHANGE_USER,
        Command.REGISTER_SLAVE,
        Command.STMT_EXECUTE,
        Command.STMT_BULK_EXECUTE,
        Command.STMT_RESET,
        Command.RESET_CONNECTION,
        Command.SET_OPTION,
        Command.DEBUG
      })
  void oneOkEndsAnAnswer(int command) {
    play(OLD, command, new Packets().ok(AUTOCOMMIT), "OK over");
    play(NEW, command, new Packets().ok(AUTOCOMMIT), "OK over");
    play(NEW, command, new Packets().okChanged(0, AUTOCOMMIT, "", changes(900)), "OK over");
  }

  @ParameterizedTest
  @ValueSource(ints = {Command.SET_OPTION, Command.DEBUG, Command.SHUTDOWN})
  @Tag("mysql-case-96")
  void anEofOrAnOkInItsPlaceEndsOthers(int command) {
    play(OLD, command, new Packets().eof(AUTOCOMMIT), "END over");
    var walk = play(NEW, command, end(new Packets(), AUTOCOMMIT), "END over");
    assertEquals(Truth.YES, walk.status.autocommit());
  }

  @Test
  void anErrEndsEachAnswer() {
    for (int command = 0; command < 256; command++) {
      if (MyResponse.follows(command) && !MyResponse.unanswered(command)) {
        for (long capabilities : new long[] {OLD, NEW}) {
          var walk = play(capabilities, command, new Packets().err(1047, "no"), "ERR over");
          assertTrue(walk.response.failed());
          assertEquals(1047, walk.response.errorCode());
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {Command.QUIT, Command.STMT_CLOSE, Command.STMT_SEND_LONG_DATA})
  @Tag("mysql-case-74")
  @Tag("mysql-case-76")
  void someHaveNoAnswerAndTheNextCommandIsOpenAtOnce(int command) {
    try (var walk = new ResponseWalk(NEW, NEW)) {
      walk.rewriter.begin(command, 1);
      assertTrue(walk.response.over());
      walk.rewriter.begin(Command.PING, 1);
      assertFalse(walk.response.over());
      walk.walk(new Packets().ok(AUTOCOMMIT).toBytes());
      assertEquals(List.of("OK over"), walk.told);
    }
  }

  @Test
  void whatNoRelayCanFollowIsSaidInFront() {
    assertFalse(MyResponse.follows(Command.CLONE));
    assertFalse(MyResponse.follows(Command.SUBSCRIBE_GROUP_REPLICATION_STREAM));
    assertFalse(MyResponse.follows(Command.MULTI));
    assertTrue(MyResponse.follows(Command.REGISTER_SLAVE));
    assertTrue(MyResponse.streams(Command.BINLOG_DUMP));
    assertTrue(MyResponse.streams(Command.BINLOG_DUMP_GTID));
    try (var walk = new ResponseWalk(NEW, NEW)) {
      assertThrows(IllegalStateException.class, () -> walk.rewriter.begin(Command.CLONE, 1));
      walk.rewriter.begin(Command.PING, 1);
      assertThrows(IllegalStateException.class, () -> walk.rewriter.begin(Command.PING, 1));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {Command.QUERY, Command.STMT_EXECUTE, Command.PROCESS_INFO})
  @Tag("mysql-case-91")
  void aResultSetEndsWithAnEofOrAnOkInItsPlace(int command) {
    play(
        OLD,
        command,
        new Packets().count(2).definitions(2).eof(AUTOCOMMIT).textRow("a", null).eof(AUTOCOMMIT),
        "COLUMN_COUNT DEFINITION DEFINITION DEFINITIONS_END ROW END over");
    var walk =
        play(
            NEW,
            command,
            end(new Packets().count(2).definitions(2).textRow("a", null), AUTOCOMMIT),
            "COLUMN_COUNT DEFINITION DEFINITION ROW END over");
    assertEquals(1, walk.response.resultSets());
    assertEquals(2, walk.response.columnCount());
    play(
        OLD,
        command,
        new Packets().count(1).definitions(1).eof(AUTOCOMMIT).eof(AUTOCOMMIT),
        "COLUMN_COUNT DEFINITION DEFINITIONS_END END over");
    play(
        NEW,
        command,
        end(new Packets().count(1).definitions(1), AUTOCOMMIT),
        "COLUMN_COUNT DEFINITION END over");
  }

  @Test
  @Tag("mysql-case-91")
  void aRowIsNoEndWhateverItBeginsWith() {
    // NULL, an empty text, a binary row, a length that has eight bytes though it needs not.
    byte[] long8 = new byte[9 + 3];
    long8[0] = (byte) 0xfe;
    long8[1] = 3;
    var rows = new Packets().count(1).definitions(1).eof(AUTOCOMMIT);
    rows.textRow((String) null).textRow("").binaryRow("x").payload(long8).eof(AUTOCOMMIT);
    play(
        OLD,
        Command.QUERY,
        rows,
        "COLUMN_COUNT DEFINITION DEFINITIONS_END ROW ROW ROW ROW END over");
    var modern = new Packets().count(1).definitions(1);
    modern.textRow((String) null).textRow("").binaryRow("x");
    play(
        NEW,
        Command.QUERY,
        modern.okChanged(0xfe, AUTOCOMMIT, "", changes(300)),
        "COLUMN_COUNT DEFINITION ROW ROW ROW END over");
  }

  @Test
  @Tag("mysql-case-91")
  @Tag("mysql-case-88")
  void aRowOfSixteenMebibytesIsNoOkThoughItBeginsAsOne() {
    byte[] row = new byte[0xffffff];
    row[0] = (byte) 0xfe;
    row[1] = (byte) 0xf6;
    row[4] = (byte) 0xff;
    for (long capabilities : new long[] {OLD, NEW}) {
      var packets = new Packets().count(1).definitions(1);
      if (capabilities == OLD) {
        packets.eof(AUTOCOMMIT);
      }
      packets.payload(row); // and an empty packet behind it
      var walk =
          ResponseWalk.of(
              capabilities,
              Command.QUERY,
              (capabilities == OLD ? packets.eof(AUTOCOMMIT) : end(packets, 2)).toBytes());
      assertEquals(
          List.of("ROW", "REST", "END over"),
          walk.told.subList(walk.told.size() - 3, walk.told.size()));
      assertTrue(walk.largestInspected < 100);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0xffffff - 1, 0xffffff, 0xffffff + 1, 2 * 0xffffff})
  @Tag("mysql-case-88")
  void whatTakesSeveralPacketsIsOneRow(int length) {
    byte[] row = new byte[length];
    Arrays.fill(row, (byte) 0xff); // a packet that goes on is none of its own
    row[0] = 0;
    byte[] answer =
        end(new Packets().count(1).definitions(1).payload(row).binaryRow("b"), 2).toBytes();
    var whole = ResponseWalk.of(NEW, Command.STMT_EXECUTE, answer);
    assertEquals(length / 0xffffff, whole.told.stream().filter("REST"::equals).count());
    assertEquals(2, whole.told.stream().filter("ROW"::equals).count());
    assertArrayEquals(answer, whole.client());
    int[] cuts = {90, 120, 0xffffff, 0xffffff + 100, 0xffffff + 102};
    int[] fitting = Arrays.stream(cuts).filter(cut -> cut < answer.length).toArray();
    assertEquals(whole.told, ResponseWalk.of(NEW, Command.STMT_EXECUTE, answer, fitting).told);
  }

  @Test
  @Tag("mysql-case-89")
  void sequenceIdsWrap() {
    var packets = new Packets().count(1).definitions(1);
    for (int i = 0; i < 600; i++) {
      packets.textRow("r" + i);
    }
    var walk = ResponseWalk.of(NEW, Command.QUERY, end(packets, AUTOCOMMIT).toBytes());
    assertEquals(603, walk.told.size());
    assertTrue(walk.response.over());
  }

  @Test
  @Tag("mysql-case-89")
  void sequenceIdsBeginBehindTheCommandsLastPacket() {
    try (var walk = new ResponseWalk(NEW, NEW)) {
      walk.rewriter.begin(Command.QUERY, 256); // it took 256 packets
      walk.walk(new Packets(0).ok(AUTOCOMMIT).toBytes());
      assertTrue(walk.response.over());
      walk.rewriter.begin(Command.QUERY, 3);
      assertThrows(
          ProtocolViolation.class, () -> walk.walk(new Packets(2).ok(AUTOCOMMIT).toBytes()));
    }
  }

  @Test
  @Tag("mysql-case-89")
  void anErrMayComeBeforeTheServerHasReadAllOfTheCommand() {
    try (var walk = new ResponseWalk(NEW, NEW)) {
      walk.rewriter.begin(Command.QUERY, 3);
      walk.walk(new Packets(1).err(1153, "Got a packet bigger than that").toBytes());
      assertEquals(List.of("ERR over"), walk.told);
    }
  }

  @Test
  @Tag("mysql-case-93")
  void resultsGoOnWhileMoreExist() {
    var old = new Packets().ok(AUTOCOMMIT | MORE).count(1).definitions(1).eof(AUTOCOMMIT | MORE);
    old.textRow("a").eof(AUTOCOMMIT | MORE).ok(AUTOCOMMIT);
    play(OLD, Command.QUERY, old, "OK COLUMN_COUNT DEFINITION DEFINITIONS_END ROW END OK over");
    var modern = new Packets().ok(AUTOCOMMIT | MORE).count(1).definitions(1).textRow("a");
    var walk =
        play(
            NEW,
            Command.STMT_EXECUTE,
            end(modern, AUTOCOMMIT | MORE).ok(AUTOCOMMIT),
            "OK COLUMN_COUNT DEFINITION ROW END OK over");
    assertEquals(3, walk.response.results());
  }

  @Test
  @Tag("mysql-case-93")
  void anErrEndsTheChain() {
    var walk =
        play(
            NEW,
            Command.QUERY,
            new Packets().ok(AUTOCOMMIT | MORE).err(1146, "no such table"),
            "OK ERR over");
    assertEquals(1, walk.response.results());
    assertEquals(Truth.UNKNOWN, walk.status.inTransaction());
    assertFalse(walk.status.moreResults());
  }

  @Test
  void moreResultsOfACommandThatHasOneAnswerMeanNothing() {
    play(NEW, Command.PING, new Packets().ok(AUTOCOMMIT | MORE), "OK over");
    play(NEW, Command.INIT_DB, new Packets().ok(AUTOCOMMIT | MORE), "OK over");
    play(NEW, Command.STMT_FETCH, end(new Packets(), AUTOCOMMIT | MORE), "END over");
  }

  @Test
  @Tag("mysql-case-83")
  void anErrMayComeInThePlaceOfAnything() {
    for (var packets :
        List.of(
            new Packets().count(2),
            new Packets().count(2).definitions(1),
            new Packets().count(2).definitions(2),
            new Packets().count(2).definitions(2).textRow("a", "b"))) {
      var walk = ResponseWalk.of(NEW, Command.QUERY, packets.err(1317, "killed").toBytes());
      assertEquals("ERR over", walk.told.getLast());
      assertEquals(1, walk.response.resultSets());
      assertEquals(0, walk.response.results());
    }
    play(
        OLD,
        Command.STMT_EXECUTE,
        new Packets().count(1).definitions(1).eof(AUTOCOMMIT).err(1242, "more than one row"),
        "COLUMN_COUNT DEFINITION DEFINITIONS_END ERR over");
  }

  @Test
  @Tag("mysql-case-94")
  void outParametersAreAResultSetOfTheirOwn() {
    var modern = end(new Packets().count(1).definitions(1).binaryRow("o"), 2 | MORE | Packets.OUT);
    play(
        NEW,
        Command.STMT_EXECUTE,
        modern.ok(AUTOCOMMIT),
        "COLUMN_COUNT DEFINITION ROW END OK over");
    var mariaDb = new Packets().count(1).definitions(1).eof(2 | MORE | Packets.OUT).binaryRow("o");
    play(
        OLD,
        Command.STMT_EXECUTE,
        mariaDb.eof(2 | MORE | Packets.OUT).ok(AUTOCOMMIT),
        "COLUMN_COUNT DEFINITION DEFINITIONS_END ROW END OK over");
    // MySQL tells of the next result in front of the row only (Protocol_binary::send_parameters).
    var mySql = new Packets().count(1).definitions(1).eof(2 | MORE | Packets.OUT).binaryRow("o");
    play(
        OLD,
        Command.STMT_EXECUTE,
        mySql.eof(AUTOCOMMIT).ok(AUTOCOMMIT),
        "COLUMN_COUNT DEFINITION DEFINITIONS_END ROW END OK over");
  }

  @Test
  @Tag("mysql-case-91")
  void aTrueEofFromWithinAProcedureEndsRowsToo() {
    play(
        NEW,
        Command.QUERY,
        new Packets().count(1).definitions(1).textRow("a").eof(AUTOCOMMIT | MORE).ok(AUTOCOMMIT),
        "COLUMN_COUNT DEFINITION ROW END OK over");
  }

  @Test
  @Tag("mysql-case-77")
  void aCursorHasNoRowsBehindItsColumns() {
    var old =
        play(
            OLD,
            Command.STMT_EXECUTE,
            new Packets().count(1).definitions(1).eof(AUTOCOMMIT | Packets.CURSOR),
            "COLUMN_COUNT DEFINITION END over");
    assertTrue(old.status.cursorExists());
    var modern =
        play(
            NEW,
            Command.STMT_EXECUTE,
            end(new Packets().count(1).definitions(1), AUTOCOMMIT | Packets.CURSOR),
            "COLUMN_COUNT DEFINITION END over");
    assertTrue(modern.status.cursorExists());
  }

  @Test
  @Tag("mysql-case-77")
  void aFetchIsRowsToTheEnd() {
    int last = AUTOCOMMIT | Packets.LAST_ROW;
    play(OLD, Command.STMT_FETCH, new Packets().binaryRow("a").eof(last), "ROW END over");
    var walk =
        play(
            NEW,
            Command.STMT_FETCH,
            end(new Packets().binaryRow("a").binaryRow("b"), last),
            "ROW ROW END over");
    assertTrue(walk.status.lastRowSent());
    play(NEW, Command.STMT_FETCH, end(new Packets(), last), "END over");
    play(NEW, Command.STMT_FETCH, new Packets().binaryRow("a").err(1317, ""), "ROW ERR over");
  }

  @Test
  void fieldListsAreDefinitionsToTheEnd() {
    play(
        OLD,
        Command.FIELD_LIST,
        new Packets().definitions(2).eof(AUTOCOMMIT),
        "DEFINITION DEFINITION END over");
    play(
        NEW,
        Command.FIELD_LIST,
        end(new Packets().definitions(2), AUTOCOMMIT),
        "DEFINITION DEFINITION END over");
  }

  @Test
  void statisticsAreBareText() {
    for (String text : List.of("Uptime: 3", "\u0000 odd", "\u00fe\u0001\u0002\u0003\u0004")) {
      byte[] bytes = text.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
      play(NEW, Command.STATISTICS, new Packets().payload(bytes), "TEXT over");
    }
  }

  @Test
  @Tag("mysql-case-84")
  void aPreparedStatementHasTwoListsOfDefinitionsOrNone() {
    for (int[] count : new int[][] {{0, 0}, {0, 2}, {3, 0}, {3, 2}}) {
      var old = new Packets().prepared(7, count[1], count[0]);
      var modern = new Packets().prepared(7, count[1], count[0]);
      var oldRoles = new StringBuilder("PREPARED");
      var modernRoles = new StringBuilder("PREPARED");
      for (int n : count) {
        if (n > 0) {
          old.definitions(n).eof(AUTOCOMMIT);
          modern.definitions(n);
          oldRoles.append(" DEFINITION".repeat(n)).append(" DEFINITIONS_END");
          modernRoles.append(" DEFINITION".repeat(n));
        }
      }
      var walk = play(OLD, Command.STMT_PREPARE, old, oldRoles + " over");
      assertEquals(7, walk.response.statement());
      assertEquals(count[0], walk.response.parameterCount());
      assertEquals(count[1], walk.response.columnCount());
      play(NEW, Command.STMT_PREPARE, modern, modernRoles + " over");
    }
  }

  @Test
  @Tag("mysql-case-85")
  void countsOfPreparedStatementsHaveSixteenBits() {
    var packets = new Packets().prepared(-1, 0, 65_535).definitions(65_535);
    var walk = ResponseWalk.of(NEW, Command.STMT_PREPARE, packets.toBytes());
    assertTrue(walk.response.over());
    assertEquals(65_536, walk.told.size());
    assertEquals(-1, walk.response.statement());
  }

  @Test
  void metadataMayBeLeftOut() {
    long mySql = NEW | Capabilities.OPTIONAL_RESULTSET_METADATA;
    play(mySql, Command.STMT_PREPARE, new Packets().prepared(1, 2, 3, 0), "PREPARED over");
    play(
        mySql,
        Command.STMT_PREPARE,
        new Packets().prepared(1, 1, 1, 1).definitions(2),
        "PREPARED DEFINITION DEFINITION over");
    play(
        mySql,
        Command.QUERY,
        end(new Packets().count(300, 0).textRow("a"), AUTOCOMMIT),
        "COLUMN_COUNT ROW END over");
    long old = OLD | Capabilities.OPTIONAL_RESULTSET_METADATA;
    play(
        old,
        Command.QUERY,
        new Packets().count(1, 0).eof(2).textRow("a").eof(2),
        "COLUMN_COUNT DEFINITIONS_END ROW END over");
    play(
        old,
        Command.STMT_PREPARE,
        new Packets().prepared(1, 1, 1, 0).eof(2).eof(2),
        "PREPARED DEFINITIONS_END DEFINITIONS_END over");
  }

  @Test
  @Tag("mysql-case-82")
  void mariaDbLeavesOutColumnsThatTheClientHasSeen() {
    long mariaDb = NEW | Capabilities.CACHE_METADATA;
    play(
        mariaDb,
        Command.STMT_EXECUTE,
        end(new Packets().count(2, 0).binaryRow("a"), AUTOCOMMIT),
        "COLUMN_COUNT ROW END over");
    play(
        mariaDb,
        Command.STMT_EXECUTE,
        end(new Packets().count(1, 1).definitions(1).binaryRow("a"), AUTOCOMMIT),
        "COLUMN_COUNT DEFINITION ROW END over");
    play(
        mariaDb,
        Command.STMT_PREPARE,
        new Packets().prepared(1, 1, 0).definitions(1),
        "PREPARED DEFINITION over");
  }

  @Test
  void progressIsInFrontOfTheAnswer() {
    play(
        NEW | Capabilities.PROGRESS,
        Command.QUERY,
        new Packets().progress().progress().ok(AUTOCOMMIT),
        "PROGRESS PROGRESS OK over");
    play(
        NEW | Capabilities.PROGRESS,
        Command.QUERY,
        new Packets().progress().err(1317, "killed"),
        "PROGRESS ERR over");
    var walk = play(NEW, Command.QUERY, new Packets().progress(), "ERR over");
    assertEquals(0xffff, walk.response.errorCode());
  }

  @Test
  @Tag("mysql-case-95")
  void aFileIsAskedForInTheMiddle() {
    try (var walk = new ResponseWalk(NEW, NEW)) {
      walk.rewriter.begin(Command.QUERY, 1);
      walk.walk(new Packets().ok(AUTOCOMMIT | MORE).fileRequest("a.csv").toBytes());
      walk.file(3, 10, 20);
      walk.walk(new Packets(6).ok(AUTOCOMMIT | MORE).fileRequest("b.csv").toBytes());
      walk.file(8); // which the client doesn't have
      walk.walk(new Packets(9).ok(AUTOCOMMIT).toBytes());
      assertEquals(List.of("OK", "FILE_REQUEST", "OK", "FILE_REQUEST", "OK over"), walk.told);
    }
  }

  @Test
  @Tag("mysql-case-88")
  @Tag("mysql-case-95")
  void anEmptyPacketThatGoesOnWithAFullOneIsNotTheFilesEnd() {
    try (var walk = new ResponseWalk(NEW, NEW)) {
      walk.rewriter.begin(Command.QUERY, 1);
      walk.walk(new Packets().fileRequest("big").toBytes());
      walk.file(2, 0xffffff, 0, 5);
      walk.walk(new Packets(6).err(1062, "duplicate").toBytes());
      assertEquals(List.of("FILE_REQUEST", "ERR over"), walk.told);
    }
  }

  @Test
  @Tag("mysql-case-95")
  void onlyAnErrMayComeBeforeTheFilesEnd() {
    try (var walk = new ResponseWalk(NEW, NEW)) {
      walk.rewriter.begin(Command.QUERY, 1);
      walk.walk(new Packets().fileRequest("f").toBytes());
      assertThrows(
          ProtocolViolation.class, () -> walk.walk(new Packets(2).ok(AUTOCOMMIT).toBytes()));
    }
    try (var walk = new ResponseWalk(NEW, NEW)) {
      walk.rewriter.begin(Command.QUERY, 1);
      walk.walk(new Packets().fileRequest("f").toBytes());
      walk.walk(new Packets(1).err(1153, "too big").toBytes());
      assertTrue(walk.response.over());
    }
  }

  @Test
  @Tag("mysql-case-104")
  void changingTheUserIsALogin() {
    try (var walk = new ResponseWalk(NEW, NEW)) {
      walk.rewriter.begin(Command.CHANGE_USER, 1);
      byte[] authSwitch =
          "\u00fecaching_sha2_password\u000012345678901234567890\u0000"
              .getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
      walk.walk(new Packets().payload(authSwitch).toBytes());
      assertFalse(walk.response.clientPacket(32, 2));
      walk.walk(new Packets(3).payload((byte) 1, (byte) 3).ok(AUTOCOMMIT).toBytes());
      assertEquals(List.of("LOGIN", "LOGIN", "OK over"), walk.told);
    }
  }

  @Test
  void eventsOfTheBinaryLogEndWithATrueEof() {
    byte[] event = new byte[30];
    play(
        NEW,
        Command.BINLOG_DUMP,
        new Packets().payload(event).payload(event).eof(0),
        "EVENT EVENT END over");
    play(
        NEW,
        Command.BINLOG_DUMP_GTID,
        new Packets().payload(event).err(1236, "purged"),
        "EVENT ERR over");
  }

  @Test
  void theServersLastWordsAnswerNothing() {
    try (var walk = new ResponseWalk(NEW, NEW)) {
      walk.walk(new Packets(0).err(4031, "unused for too long").toBytes());
      assertEquals(List.of("LAST_WORDS over"), walk.told);
      assertEquals(4031, walk.response.errorCode());
    }
    try (var walk = new ResponseWalk(NEW, NEW)) {
      walk.rewriter.begin(Command.PING, 1);
      walk.walk(new Packets().ok(AUTOCOMMIT).toBytes());
      assertThrows(
          ProtocolViolation.class, () -> walk.walk(new Packets().ok(AUTOCOMMIT).toBytes()));
    }
  }

  @Test
  void answersBehindEachOtherInOneReadAreTold() {
    // As after a pipeline: the relay begins the next command as soon as an answer is over.
    try (var walk = new ResponseWalk(NEW, NEW)) {
      walk.rewriter.begin(Command.QUERY, 1);
      byte[] first = end(new Packets().count(1).definitions(1).textRow("a"), 2).toBytes();
      walk.walk(first);
      walk.rewriter.begin(Command.STMT_PREPARE, 1);
      walk.walk(new Packets().prepared(1, 0, 1).definitions(1).toBytes());
      assertTrue(walk.response.over());
      assertEquals(0, walk.response.results() - 1);
    }
  }

  @Test
  void whatCanNotBeRightIsRefused() {
    refuse(Command.QUERY, new Packets().packet());
    refuse(Command.QUERY, new Packets().packet((byte) 0));
    refuse(Command.QUERY, new Packets().packet((byte) 0, (byte) 0xfc, (byte) 1, (byte) 2));
    refuse(
        Command.QUERY, new Packets().packet((byte) 0, (byte) 0xfb, (byte) 0, (byte) 2, (byte) 0));
    refuse(Command.QUERY, new Packets().count(70_000));
    refuse(Command.QUERY, new Packets().count(-1));
    refuse(Command.QUERY, new Packets().packet((byte) 0xfc, (byte) 1));
    refuse(Command.QUERY, new Packets().payload(new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}));
    refuse(Command.QUERY, new Packets().eof(AUTOCOMMIT));
    refuse(Command.QUERY, new Packets().packet((byte) 0xff));
    refuse(Command.QUERY, new Packets().count(1).definitions(1).packet((byte) 0xfe));
    refuse(Command.PING, new Packets().packet((byte) 7));
    refuse(Command.STMT_PREPARE, new Packets().ok(AUTOCOMMIT));
    refuse(Command.STMT_PREPARE, new Packets().packet((byte) 1));
    refuse(Command.QUERY, new Packets(2).ok(AUTOCOMMIT));
    refuseOld(new Packets().count(1).definitions(1).textRow("no EOF"));
    refuseOld(end(new Packets().count(1).definitions(1).eof(2), 2).packet(new byte[0]));
  }

  @Test
  void whatClaimsToBeLongIsRefusedBeforeItIsHeld() {
    for (byte[] claim :
        List.of(
            new byte[] {-1, -1, -1, 1, 0},
            new byte[] {-1, -1, -2, 1, -1},
            new byte[] {-1, -1, -1, 1, -5},
            new byte[] {0, 0, 2, 1, -1},
            new byte[] {0, 0, 2, 1, 9})) {
      try (var walk = new ResponseWalk(NEW, NEW)) {
        walk.rewriter.begin(Command.QUERY, 1);
        assertThrows(ProtocolViolation.class, () -> walk.walk(claim));
      }
    }
  }

  private static void refuse(int command, Packets packets) {
    assertThrows(ProtocolViolation.class, () -> ResponseWalk.of(NEW, command, packets.toBytes()));
  }

  private static void refuseOld(Packets packets) {
    assertThrows(
        ProtocolViolation.class, () -> ResponseWalk.of(OLD, Command.QUERY, packets.toBytes()));
  }

  /** An OK in the place of an EOF. */
  private static Packets end(Packets packets, int status) {
    return packets.ok(0xfe, 0, 0, status, 0, "");
  }

  private static byte[] changes(int length) {
    byte[] changes = new byte[length];
    Arrays.fill(changes, (byte) 0xfe);
    return changes;
  }

  /** Plays an answer on equal legs at each cut: it passes unchanged, and ends where it ends. */
  private static ResponseWalk play(long capabilities, int command, Packets packets, String roles) {
    byte[] answer = packets.toBytes();
    var whole = ResponseWalk.of(capabilities, command, answer);
    assertEquals(roles, String.join(" ", whole.told));
    assertArrayEquals(answer, whole.client());
    assertTrue(whole.response.over());
    assertFalse(whole.midFrame());
    for (int cut = 0; cut <= answer.length; cut++) {
      var cutWalk = ResponseWalk.of(capabilities, command, answer, cut);
      assertEquals(whole.told, cutWalk.told, "cut at " + cut);
      assertArrayEquals(answer, cutWalk.client(), "cut at " + cut);
    }
    int[] everywhere = new int[answer.length];
    Arrays.setAll(everywhere, i -> i);
    assertEquals(whole.told, ResponseWalk.of(capabilities, command, answer, everywhere).told);
    return whole;
  }
}
