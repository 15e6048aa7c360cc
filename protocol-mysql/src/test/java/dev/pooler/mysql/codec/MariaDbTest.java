package dev.pooler.mysql.codec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.mysql.packet.Capabilities;
import dev.pooler.mysql.packet.Collations;
import dev.pooler.mysql.packet.Command;
import dev.pooler.mysql.packet.ServerStatus;
import dev.pooler.testkit.server.EmbeddedMariaDb;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIf;

/** A real MariaDB 11.4 reads what we write, and we what it writes. */
@EnabledIf(
    value = "dev.pooler.testkit.server.EmbeddedMariaDb#supported",
    disabledReason = "there is no MariaDB artifact for this processor")
@Timeout(60)
class MariaDbTest {
  private static EmbeddedMariaDb server;

  @BeforeAll
  static void start() throws IOException {
    server = EmbeddedMariaDb.builder().user("app", "it's").database("shop").start();
  }

  @AfterAll
  static void close() throws IOException {
    server.close();
  }

  @Test
  void itsGreetingIsReadAndWrittenAsItWas() throws IOException {
    try (var client = new MariaDbSocket(server.socket())) {
      ByteBuf payload = client.read();
      Greeting greeting = Greeting.decode(payload, 0, payload.writerIndex());
      assertTrue(greeting.mariaDb());
      assertTrue(greeting.plainVersion().startsWith("11.4."), greeting.version());
      assertEquals(20, greeting.scramble().length());
      assertEquals("mysql_native_password", greeting.plugin());
      assertTrue(
          Capabilities.has(
              greeting.capabilities(),
              Capabilities.STMT_BULK_OPERATIONS
                  | Capabilities.CACHE_METADATA
                  | MariaDbSocket.CAPABILITIES));
      assertFalse(Capabilities.has(greeting.capabilities(), Capabilities.QUERY_ATTRIBUTES));
      assertEquals(
          Golden.hex(out -> out.writeBytes(payload, 0, payload.writerIndex())),
          Golden.hex(greeting::encode));
    }
  }

  @Test
  void accountsWithAndWithoutAPasswordLogIn() throws IOException {
    try (var root = new MariaDbSocket(server.socket());
        var app = new MariaDbSocket(server.socket())) {
      OkPacket ok = root.ok(root.login("root", "", 45));
      assertEquals(ServerStatus.AUTOCOMMIT, ok.status() & ServerStatus.AUTOCOMMIT);
      assertEquals(
          ServerStatus.AUTOCOMMIT,
          app.ok(app.login("app", "it's", 45)).status() & ServerStatus.AUTOCOMMIT);
      assertEquals(
          List.of(List.of("app@%", "PacketsTest")),
          app.rows(
              "select current_user(), coalesce((select attr_value from"
                  + " performance_schema.session_connect_attrs where attr_name = 'program_name'"
                  + " and processlist_id = connection_id()), 'PacketsTest')"));
    }
  }

  @Test
  void aWrongPasswordIsAnErrorWithAnSqlState() throws IOException {
    try (var client = new MariaDbSocket(server.socket())) {
      ByteBuf payload = client.login("app", "wrong", 45);
      ErrPacket error = ErrPacket.decode(payload, 0, payload.writerIndex());
      assertEquals(1045, error.code());
      assertEquals("28000", error.sqlState());
      assertTrue(error.message().startsWith("Access denied for user 'app'"), error.message());
    }
  }

  @Test
  @Tag("mysql-case-101")
  void tooManyConnectionsIsSaidInPlaceOfTheGreeting() throws IOException {
    List<MariaDbSocket> clients = new ArrayList<>();
    try (var own = EmbeddedMariaDb.builder().setting("max-connections", "10").start()) {
      boolean refused = false;
      for (int i = 0; i < 20 && !refused; i++) {
        var client = new MariaDbSocket(own.socket());
        clients.add(client);
        ByteBuf payload = client.read();
        refused = payload.getUnsignedByte(0) == PayloadHeader.ERR;
        if (refused) {
          assertEquals(
              new ErrPacket(1040, null, "Too many connections"),
              ErrPacket.decode(payload, 0, payload.writerIndex()));
        }
      }
      assertTrue(refused);
    } finally {
      for (var client : clients) {
        client.close();
      }
    }
  }

  @Test
  @Tag("mysql-case-19")
  @Tag("mysql-case-20")
  void theInfoHasALengthWhetherOrNotChangesAreTracked() throws IOException {
    for (long without : List.of(0L, Capabilities.SESSION_TRACK)) {
      try (var client = new MariaDbSocket(server.socket())) {
        client.capabilities &= ~without;
        client.ok(client.login("app", "it's", 45));
        client.query("create or replace temporary table shop.i (n int)");
        String insert = "insert into shop.i values (1), (2), (3)";
        client.command(out -> Commands.query(out, insert, 0));
        ByteBuf payload = client.read();
        OkPacket ok = client.ok(payload);
        assertEquals(3, ok.affectedRows());
        assertEquals("Records: 3  Duplicates: 0  Warnings: 0", ok.info());
        assertEquals(
            ok.info().length(), payload.getUnsignedByte(7), "the byte in front of the info");
        assertEquals(
            Golden.hex(out -> out.writeBytes(payload, 0, payload.writerIndex())),
            Golden.hex(out -> ok.copy(out, ok.status(), client.capabilities)));
      }
    }
  }

  @Test
  void whatChangesInTheSessionIsTold() throws IOException {
    try (var client = new MariaDbSocket(server.socket())) {
      client.ok(client.login("app", "it's", 45));
      client.query(
          "set session_track_system_variables = '*', session_track_state_change = on,"
              + " session_track_transaction_info = 'CHARACTERISTICS'");
      Map<String, String> told = changes(client.query("set autocommit = 0, sql_mode = ''"));
      assertEquals("OFF", told.get("0 autocommit"), told.toString());
      assertEquals("", told.get("0 sql_mode"), told.toString());
      assertEquals("shop", changes(client.query("use shop")).get("1 "));
      assertEquals("1", changes(client.query("set @a = 1")).get("2 "));
      told = changes(client.query("start transaction read only"));
      assertEquals("START TRANSACTION READ ONLY;", told.get("4 "), told.toString());
      assertEquals(8, told.getOrDefault("5 ", "").length(), told.toString());
      told = changes(client.query("set character_set_results = null"));
      assertTrue(told.containsKey("0 character_set_results"), told.toString());
    }
  }

  private static Map<String, String> changes(OkPacket ok) {
    Map<String, String> told = new TreeMap<>();
    SessionTrack track = ok.changes(new SessionTrack());
    while (track.next()) {
      told.put(track.type() + " " + track.name(), String.valueOf(track.value()));
    }
    assertEquals(!told.isEmpty(), (ok.status() & ServerStatus.SESSION_STATE_CHANGED) != 0);
    return told;
  }

  @Test
  @Tag("mysql-case-104")
  void aUserIsChangedWithANewScramble() throws IOException {
    try (var client = new MariaDbSocket(server.socket())) {
      client.ok(client.login("root", "", 45));
      ChangeUser change =
          new ChangeUser(
              "app",
              AuthData.of(new byte[20]),
              "shop",
              Collations.UTF8MB4_UCA1400_AI_CI,
              "mysql_native_password",
              ConnectAttributes.NONE);
      client.command(out -> change.encode(out, client.capabilities));
      client.ok(client.afterLogin("it's"));
      assertEquals(
          List.of(List.of("app@%", "shop", "utf8mb4_uca1400_ai_ci")),
          client.rows("select current_user(), database(), @@collation_connection"));
    }
  }

  @Test
  @Tag("mysql-case-16")
  void aLoginRequestHasOneByteForTheCollation() throws IOException {
    try (var client = new MariaDbSocket(server.socket())) {
      Greeting greeting = client.greeting();
      LoginRequest request =
          new LoginRequest(
              client.capabilities,
              1 << 24,
              33,
              "root",
              AuthData.NONE,
              null,
              greeting.plugin(),
              ConnectAttributes.NONE,
              0);
      client.answer(out -> {
        int start = out.writerIndex();
        request.encode(out);
        out.setByte(start + 9, 8); // 33 + 8 * 256 = 2081, which is utf8mb3's too
      });
      client.ok(client.read());
      assertEquals(
          List.of(List.of("utf8mb3_general_ci")), client.rows("select @@collation_connection"));
    }
  }

  @Test
  @Tag("mysql-case-16")
  void itsCollationsAreOfTheCharacterSetsWeThink() throws IOException {
    try (var client = new MariaDbSocket(server.socket())) {
      client.ok(client.login("root", "", 45));
      List<List<String>> rows =
          client.rows(
              "select id, character_set_name, full_collation_name from"
                  + " information_schema.collation_character_set_applicability");
      assertTrue(rows.size() > 300, "collations: " + rows.size());
      for (List<String> row : rows) {
        assertEquals(row.get(1), Collations.charset(Integer.parseInt(row.get(0))), row.toString());
      }
    }
  }

  @Test
  @Tag("mysql-case-72")
  @Tag("mysql-case-73")
  void aBackendThatSawNoTypesTakesThoseOfAnEarlierExecution() throws IOException {
    try (var first = new MariaDbSocket(server.socket());
        var second = new MariaDbSocket(server.socket())) {
      first.ok(first.login("app", "it's", 45));
      second.ok(second.login("app", "it's", 45));
      long prepared = prepare(first, "do ? + ?");
      prepare(second, "do 1");
      long other = prepare(second, "do ? + ?");
      assertNotEquals(prepared, other);
      ByteBuf whole = Golden.buffer("17 00000000 00 01000000 00 01 0300 fd00 07000000 03 'foo'");
      whole.setIntLE(StmtExecute.STATEMENT_ID, (int) prepared);
      first.command(out -> out.writeBytes(whole, 0, whole.writerIndex()));
      first.ok(first.read());
      StmtExecute execute = new StmtExecute().read(whole, 0, whole.writerIndex(), 0, 2);
      byte[] types = execute.types();

      ByteBuf bare = Golden.buffer("17 00000000 00 01000000 00 00 07000000 03 'foo'");
      execute.read(bare, 0, bare.writerIndex(), 0, 2);
      second.command(out -> {
        execute.write(out, other, types, false);
        int values = execute.valuesIndex();
        out.writeBytes(bare, values, bare.writerIndex() - values);
      });
      second.ok(second.read());
    }
  }

  private static long prepare(MariaDbSocket client, String text) throws IOException {
    client.command(out -> Commands.stmtPrepare(out, text));
    ByteBuf payload = client.read();
    PrepareOk ok = PrepareOk.decode(payload, 0, payload.writerIndex(), client.capabilities);
    for (int i = 0; i < ok.parameters() + ok.columns(); i++) {
      client.read();
    }
    return ok.statementId();
  }

  @Test
  @Tag("mysql-case-96")
  void severalStatementsAreSwitchedOnAndOff() throws IOException {
    try (var client = new MariaDbSocket(server.socket())) {
      client.ok(client.login("app", "it's", 45));
      client.command(new SetOption(SetOption.MULTI_STATEMENTS_ON)::encode);
      assertEquals(PayloadHeader.EOF, client.ok(client.read()).header());
      OkPacket ok = client.query("do 1; do 2");
      assertEquals(
          ServerStatus.MORE_RESULTS_EXISTS, ok.status() & ServerStatus.MORE_RESULTS_EXISTS);
      client.ok(client.read());
      client.command(new SetOption(SetOption.MULTI_STATEMENTS_OFF)::encode);
      client.ok(client.read());
      client.command(out -> Commands.query(out, "do 1; do 2", 0));
      ByteBuf payload = client.read();
      assertEquals(1064, ErrPacket.decode(payload, 0, payload.writerIndex()).code());
    }
  }

  @Test
  void theShortCommandsAreAnswered() throws IOException {
    try (var client = new MariaDbSocket(server.socket());
        var victim = new MariaDbSocket(server.socket())) {
      client.ok(client.login("app", "it's", 45));
      client.command(out -> Commands.bare(out, Command.PING));
      client.ok(client.read());
      client.command(out -> Commands.bare(out, Command.RESET_CONNECTION));
      client.ok(client.read());
      client.command(new Refresh(16)::encode);
      client.ok(client.read());
      long id = victim.greeting().connectionId();
      client.command(new ProcessKill(id)::encode);
      client.ok(client.read());
      client.command(new ProcessKill(0x7fffffff)::encode);
      ByteBuf payload = client.read();
      assertEquals(1094, ErrPacket.decode(payload, 0, payload.writerIndex()).code());
    }
  }

  @Test
  void theCommandsThatItRefusesAreThoseWeThink() throws IOException {
    try (var client = new MariaDbSocket(server.socket())) {
      client.ok(client.login("app", "it's", 45));
      for (int refused :
          new int[] {
            Command.SLEEP,
            Command.CREATE_DB,
            Command.DROP_DB,
            Command.CONNECT,
            Command.TIME,
            Command.DELAYED_INSERT,
            Command.TABLE_DUMP,
            Command.CONNECT_OUT,
            Command.DAEMON,
            Command.BINLOG_DUMP_GTID,
            Command.CLONE,
            Command.SUBSCRIBE_GROUP_REPLICATION_STREAM,
            Command.SLAVE_WORKER,
            Command.SLAVE_IO,
            Command.SLAVE_SQL,
            Command.MULTI
          }) {
        client.command(out -> out.writeByte(refused).writeByte('x'));
        ByteBuf payload = client.read();
        assertEquals(PayloadHeader.ERR, payload.getUnsignedByte(0), Command.name(refused));
        ErrPacket error = ErrPacket.decode(payload, 0, payload.writerIndex());
        assertEquals(1047, error.code(), Command.name(refused) + " " + error);
      }
      client.command(out -> Commands.bare(out, Command.STATISTICS));
      ByteBuf statistics = client.read();
      assertEquals('U', statistics.getByte(0), "a text, as \"Uptime: 1 …\"");
      client.command(out -> Commands.bare(out, Command.DEBUG));
      assertEquals(PayloadHeader.EOF, client.ok(client.read()).header());
    }
  }
}
