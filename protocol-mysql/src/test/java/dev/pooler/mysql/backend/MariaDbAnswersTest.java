package dev.pooler.mysql.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.mysql.packet.Capabilities;
import dev.pooler.mysql.packet.Command;
import dev.pooler.testkit.server.EmbeddedMariaDb;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@EnabledIf(
    value = "dev.pooler.testkit.server.EmbeddedMariaDb#supported",
    disabledReason = "there is no MariaDB artifact for this processor")
class MariaDbAnswersTest {
  private static final long COMMON =
      Capabilities.PROTOCOL_41
          | Capabilities.TRANSACTIONS
          | Capabilities.MULTI_STATEMENTS
          | Capabilities.MULTI_RESULTS
          | Capabilities.PS_MULTI_RESULTS
          | Capabilities.LOCAL_FILES
          | Capabilities.STMT_BULK_OPERATIONS;
  private static final long BOTH = Capabilities.DEPRECATE_EOF | Capabilities.SESSION_TRACK;

  private static EmbeddedMariaDb server;

  @BeforeAll
  static void start() throws IOException {
    server =
        EmbeddedMariaDb.builder()
            .setting("local-infile", "1")
            .setting("max-allowed-packet", "64M")
            .database("shop")
            .start();
  }

  @AfterAll
  static void close() throws IOException {
    server.close();
  }

  /** A command; its text may name statements that were prepared before it. */
  private record Step(
      String name, int command, Function<List<Integer>, byte[]> text, List<String> files) {
    Step(int command, String text, String... files) {
      this(
          Command.name(command) + " " + text,
          command,
          prepared -> text.getBytes(StandardCharsets.UTF_8),
          List.of(files));
    }

    Step(int command, Function<List<Integer>, ByteBuf> text) {
      this(Command.name(command), command, prepared -> bytes(text.apply(prepared)), List.of());
    }
  }

  @ParameterizedTest
  @ValueSource(
      longs = {
        COMMON,
        COMMON | BOTH,
        COMMON | Capabilities.DEPRECATE_EOF | Capabilities.CACHE_METADATA,
        COMMON | BOTH | Capabilities.CACHE_METADATA | Capabilities.PROGRESS
      })
  @Tag("mysql-case-82")
  @Tag("mysql-case-83")
  @Tag("mysql-case-91")
  @Tag("mysql-case-93")
  @Tag("mysql-case-95")
  void anAnswerEndsWhereTheServerEndsIt(long capabilities) throws IOException {
    try (var leg = new RawLeg(server.port(), capabilities, capabilities)) {
      for (Step step : steps()) {
        take(leg, step);
        told(leg, step, capabilities, leg.answer());
        assertArrayEquals(leg.answer(), leg.rewritten(), step.name);
        assertEquals("OK over", leg.ask(Command.PING, "").roles(), "behind " + step.name);
      }
    }
  }

  @Test
  @Tag("mysql-case-77")
  @Tag("mysql-case-94")
  void rolesAreAsDocumented() throws IOException {
    long capabilities = COMMON | BOTH | Capabilities.CACHE_METADATA | Capabilities.PROGRESS;
    var roles = new ArrayList<String>();
    try (var leg = new RawLeg(server.port(), capabilities, capabilities)) {
      for (Step step : steps()) {
        roles.add(step.name + ": " + take(leg, step).roles());
      }
    }
    String set = "COLUMN_COUNT DEFINITION ";
    for (String expected :
        List.of(
            "COM_QUERY select a from t where a > 100: " + set + "END over",
            "COM_QUERY select 1; select nothing; select 2: " + set + "ROW END ERR over",
            "COM_QUERY select a, (select b from t t2 where t2.a <= t.a) from t:"
                + " COLUMN_COUNT DEFINITION DEFINITION ROW ERR over",
            "COM_FIELD_LIST t\0%: DEFINITION DEFINITION END over",
            "COM_STATISTICS : TEXT over",
            "COM_SET_OPTION: END over",
            "COM_UNKNOWN : ERR over",
            "COM_STMT_PREPARE select a, b from t where a > ?:"
                + " PREPARED DEFINITION DEFINITION DEFINITION over",
            "COM_STMT_PREPARE do 1: PREPARED over",
            "COM_STMT_EXECUTE: COLUMN_COUNT ROW ROW ROW END over", // columns known
            "COM_STMT_EXECUTE: " + set + "END over", // a cursor
            "COM_STMT_FETCH: ROW ROW END over",
            "COM_STMT_FETCH: ROW END over",
            "COM_STMT_SEND_LONG_DATA: ",
            "COM_STMT_CLOSE: ",
            "COM_STMT_BULK_EXECUTE: OK over",
            "COM_STMT_EXECUTE: " // two results and the OUT parameters
                + (set + "ROW END " + set + "ROW ROW ROW ROW END " + set + "ROW END OK over"),
            "COM_QUERY load data local infile 'one' into table t: FILE_REQUEST PROGRESS OK over",
            "COM_RESET_CONNECTION : OK over",
            "COM_CHANGE_USER: LOGIN OK over")) {
      assertTrue(roles.contains(expected), () -> expected + " is not in\n" + lines(roles));
    }
  }

  private static String lines(List<String> lines) {
    return String.join("\n", lines);
  }

  /** The server itself is the measure: what it sends to a client of these capabilities. */
  @ParameterizedTest
  @ValueSource(
      longs = {BOTH, Capabilities.DEPRECATE_EOF, Capabilities.SESSION_TRACK, /* neither */ 0})
  @Tag("mysql-case-19")
  @Tag("mysql-case-20")
  @Tag("mysql-case-77")
  @Tag("mysql-case-92")
  @Tag("mysql-case-94")
  void aClientReadsWhatTheServerWouldHaveSentIt(long without) throws IOException {
    for (long extras : new long[] {0, Capabilities.CACHE_METADATA | Capabilities.PROGRESS}) {
      long backend = COMMON | BOTH | extras;
      long client = backend & ~without;
      var direct = new ArrayList<String>();
      try (var leg = new RawLeg(server.port(), client, client)) {
        for (Step step : steps()) {
          take(leg, step);
          direct.add(step.name + " " + told(leg, step, client, leg.answer()));
        }
      }
      try (var leg = new RawLeg(server.port(), backend, client)) {
        int i = 0;
        for (Step step : steps()) {
          take(leg, step);
          assertEquals(direct.get(i++), step.name + " " + told(leg, step, client, leg.rewritten()));
        }
      }
    }
  }

  @Test
  @Tag("mysql-case-20")
  void theInfoOfAnOkHasALengthWithoutSessionTrackToo() throws IOException {
    try (var leg = new RawLeg(server.port(), COMMON, COMMON)) {
      leg.ask(Command.INIT_DB, "shop");
      leg.ask(Command.QUERY, "create or replace table info(a int)");
      byte[] ok = leg.ask(Command.QUERY, "insert into info values (1), (2)").answer();
      String info = "Records: 2  Duplicates: 0  Warnings: 0";
      assertEquals(info.length(), ok[4 + 7]);
      assertEquals(info, new String(ok, 4 + 8, ok.length - 12, StandardCharsets.US_ASCII));
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {0, Capabilities.DEPRECATE_EOF})
  @Tag("mysql-case-88")
  @Tag("mysql-case-91")
  void aRowOfSixteenMebibytesGoesOnInTheNextPacket(long without) throws IOException {
    long backend = COMMON | BOTH;
    try (var leg = new RawLeg(server.port(), backend, backend & ~without)) {
      String set = "COLUMN_COUNT DEFINITION ";
      for (int[] length : new int[][] {{-1, 0}, {0, 1}, {1, 1}, {0xffffff, 2}}) {
        int text = 0xffffff - (length[0] > 1 ? 9 : 4) + length[0]; // behind its own length
        leg.ask(Command.QUERY, "select repeat('x', " + text + ")");
        assertEquals(set + "ROW" + " REST".repeat(length[1]) + " END over", leg.roles());
        ReferenceReader.read(backend & ~without, Command.QUERY, leg.rewritten());
        assertEquals("OK over", leg.ask(Command.PING, "").roles());
      }
    }
  }

  @Test
  @Tag("mysql-case-30")
  @Tag("mysql-case-34")
  @Tag("mysql-case-42")
  void statusIsWhatTheServerTells() throws IOException {
    try (var leg = new RawLeg(server.port(), COMMON | BOTH, COMMON | BOTH)) {
      var status = leg.walk().status;
      leg.ask(Command.INIT_DB, "shop");
      assertTrue(status.atRest());
      leg.ask(Command.QUERY, "create or replace procedure opens() begin start transaction; end");
      leg.ask(Command.QUERY, "call opens()");
      assertEquals(Truth.YES, status.inTransaction());
      leg.ask(Command.QUERY, "select nothing");
      assertEquals(Truth.UNKNOWN, status.inTransaction());
      leg.ask(Command.PING, "");
      assertEquals(Truth.YES, status.inTransaction()); // a PING is enough to know it
      leg.ask(Command.QUERY, "commit; set autocommit = 0");
      assertEquals(Truth.NO, status.inTransaction());
      assertEquals(Truth.NO, status.autocommit());
      assertFalse(status.atRest());
      leg.ask(Command.QUERY, "set autocommit = 1, sql_mode = 'NO_BACKSLASH_ESCAPES'");
      assertEquals(Truth.YES, status.noBackslashEscapes());
      assertTrue(status.atRest());
    }
  }

  @Test
  void aBinaryLogThatIsNotThereIsAnErr() throws IOException {
    try (var leg = new RawLeg(server.port(), COMMON | BOTH, COMMON | BOTH)) {
      assertEquals("ERR over", leg.ask(Command.BINLOG_DUMP, "nothing of sense").roles());
    }
  }

  /** As a plain client reads it, without what differs from one run to the next. */
  private static String told(RawLeg leg, Step step, long capabilities, byte[] bytes) {
    if (step.command == Command.STMT_BULK_EXECUTE || step.command == Command.CHANGE_USER) {
      return leg.roles();
    }
    if (step.command == Command.PROCESS_INFO || step.command == Command.STATISTICS) {
      return "";
    }
    int[] files = step.files.stream().mapToInt(file -> file.isEmpty() ? 1 : 2).toArray();
    return String.join("\n", ReferenceReader.read(capabilities, step.command, bytes, files))
        .replaceAll("prepared 00[0-9a-f]{8}", "prepared")
        .replaceAll("The statement \\([0-9]+\\)", "The statement");
  }

  private static RawLeg take(RawLeg leg, Step step) throws IOException {
    leg.files.addAll(step.files);
    return leg.ask(step.command, step.text.apply(leg.prepared));
  }

  private static List<Step> steps() {
    var steps = new ArrayList<Step>();
    steps.add(new Step(Command.INIT_DB, "shop"));
    steps.add(new Step(Command.QUERY, "set session_track_system_variables='*'"));
    steps.add(
        new Step(Command.QUERY, "create or replace table t(a int primary key, b varchar(20))"));
    steps.add(new Step(Command.QUERY, "insert into t values (1,'x'),(2,null),(3,'')"));
    steps.add(new Step(Command.QUERY, "select a, b from t"));
    steps.add(new Step(Command.QUERY, "select b, a from t where a > 1"));
    steps.add(new Step(Command.QUERY, "select a from t where a > 100"));
    steps.add(new Step(Command.QUERY, "select 1; set @x = 1; select 2; set sql_mode=''"));
    steps.add(new Step(Command.QUERY, "select 1; select nothing; select 2"));
    steps.add(new Step(Command.QUERY, "select a, (select b from t t2 where t2.a <= t.a) from t"));
    steps.add(new Step(Command.QUERY, "syntax"));
    steps.add(new Step(Command.QUERY, "begin"));
    steps.add(new Step(Command.QUERY, "insert into t values (4,'y')"));
    steps.add(new Step(Command.QUERY, "rollback"));
    steps.add(
        new Step(
            Command.QUERY,
            "create or replace procedure two(out o int) begin select 1; select a from t;"
                + " set o = 7; end"));
    steps.add(
        new Step(
            Command.QUERY,
            "create or replace procedure odd() begin declare continue handler for sqlexception"
                + " set @e = 1; select a, (select b from t t2 where t2.a <= t.a) from t;"
                + " select 2; end"));
    steps.add(new Step(Command.QUERY, "call two(@o)"));
    steps.add(new Step(Command.QUERY, "call odd()"));
    steps.add(new Step(Command.FIELD_LIST, "t\0%"));
    steps.add(new Step(Command.FIELD_LIST, "none\0%"));
    steps.add(new Step(Command.STATISTICS, ""));
    steps.add(new Step(Command.PROCESS_INFO, ""));
    steps.add(new Step(Command.SET_OPTION, prepared -> int2(1)));
    steps.add(new Step(Command.SET_OPTION, prepared -> int2(0)));
    steps.add(new Step(Command.DEBUG, ""));
    steps.add(new Step(Command.PROCESS_KILL, prepared -> Unpooled.buffer().writeIntLE(999_999)));
    steps.add(new Step(0x30, ""));
    steps.add(new Step(Command.STMT_PREPARE, "select a, b from t where a > ?"));
    steps.add(new Step(Command.STMT_PREPARE, "select a from t"));
    steps.add(new Step(Command.STMT_PREPARE, "insert into t values (?, ?)"));
    steps.add(new Step(Command.STMT_PREPARE, "do 1"));
    steps.add(new Step(Command.STMT_PREPARE, "syntax"));
    steps.add(new Step(Command.STMT_PREPARE, "call two(?)"));
    steps.add(new Step(Command.STMT_EXECUTE, prepared -> execute(prepared.get(0), 0, 0)));
    steps.add(new Step(Command.STMT_EXECUTE, prepared -> execute(prepared.get(0), 0, 100)));
    steps.add(new Step(Command.STMT_EXECUTE, prepared -> execute(prepared.get(0), 0, 2)));
    steps.add(new Step(Command.STMT_EXECUTE, prepared -> execute(prepared.get(1), 1)));
    steps.add(
        new Step(
            Command.STMT_FETCH,
            prepared -> Unpooled.buffer().writeIntLE(prepared.get(1)).writeIntLE(2)));
    steps.add(
        new Step(
            Command.STMT_FETCH,
            prepared -> Unpooled.buffer().writeIntLE(prepared.get(1)).writeIntLE(2)));
    steps.add(
        new Step(
            Command.STMT_FETCH,
            prepared -> Unpooled.buffer().writeIntLE(prepared.get(1)).writeIntLE(2)));
    steps.add(
        new Step(Command.STMT_RESET, prepared -> Unpooled.buffer().writeIntLE(prepared.get(1))));
    steps.add(
        new Step(
            Command.STMT_SEND_LONG_DATA,
            prepared ->
                Unpooled.buffer()
                    .writeIntLE(prepared.get(2))
                    .writeShortLE(1)
                    .writeByte('l')
                    .writeByte('d')));
    steps.add(
        new Step(
            Command.STMT_EXECUTE,
            prepared ->
                Unpooled.buffer()
                    .writeIntLE(prepared.get(2))
                    .writeByte(0)
                    .writeIntLE(1)
                    .writeByte(0)
                    .writeByte(1)
                    .writeShortLE(3)
                    .writeShortLE(0xfc)
                    .writeIntLE(50)));
    steps.add(new Step(Command.STMT_EXECUTE, prepared -> execute(prepared.get(2), 0, 1, 1)));
    steps.add(new Step(Command.STMT_EXECUTE, prepared -> execute(prepared.get(3), 0)));
    steps.add(new Step(Command.STMT_EXECUTE, prepared -> execute(prepared.get(4), 0, 1)));
    steps.add(new Step(Command.STMT_EXECUTE, prepared -> execute(-77, 0, 1)));
    steps.add(new Step(Command.STMT_BULK_EXECUTE, prepared -> bulk(prepared.get(2))));
    steps.add(
        new Step(Command.STMT_CLOSE, prepared -> Unpooled.buffer().writeIntLE(prepared.get(0))));
    steps.add(
        new Step(
            Command.QUERY, "load data local infile 'one' into table t", "201\tone\n202\ttwo\n"));
    steps.add(new Step(Command.QUERY, "load data local infile 'none' into table t", ""));
    steps.add(
        new Step(
            Command.QUERY,
            "select 1; load data local infile 'a' into table t; load data local infile 'b'"
                + " into table nowhere",
            "301\tone\n"));
    steps.add(
        new Step(
            Command.QUERY,
            "select 1; load data local infile 'a' into table t; load data local infile 'b'"
                + " replace into table t",
            "302\tone\n",
            "302\ttwo\n"));
    steps.add(new Step(Command.RESET_CONNECTION, ""));
    steps.add(
        new Step(
            Command.CHANGE_USER,
            prepared ->
                Unpooled.copiedBuffer(
                    "root\0\0shop\0\055\0mysql_native_password\0", StandardCharsets.ISO_8859_1)));
    return steps;
  }

  private static ByteBuf int2(int option) {
    return Unpooled.buffer().writeShortLE(option);
  }

  /** COM_STMT_EXECUTE with integers as parameters. */
  private static ByteBuf execute(int statement, int flags, int... parameters) {
    ByteBuf out = Unpooled.buffer().writeIntLE(statement).writeByte(flags).writeIntLE(1);
    if (parameters.length > 0) {
      out.writeByte(0).writeByte(1);
      for (int i = 0; i < parameters.length; i++) {
        out.writeByte(3).writeByte(0);
      }
      for (int parameter : parameters) {
        out.writeIntLE(parameter);
      }
    }
    return out;
  }

  /** Three rows for the two parameters of an INSERT. */
  private static ByteBuf bulk(int statement) {
    ByteBuf out = Unpooled.buffer().writeIntLE(statement).writeShortLE(128);
    out.writeByte(3).writeByte(0).writeByte(3).writeByte(0);
    for (int i = 0; i < 3; i++) {
      out.writeByte(0).writeIntLE(100 + i).writeByte(0).writeIntLE(i);
    }
    return out;
  }

  private static byte[] bytes(ByteBuf buffer) {
    byte[] bytes = new byte[buffer.readableBytes()];
    buffer.readBytes(bytes);
    return bytes;
  }
}
