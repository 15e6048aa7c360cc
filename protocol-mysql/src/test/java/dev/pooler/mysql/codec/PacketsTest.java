package dev.pooler.mysql.codec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.core.session.SqlFailure;
import dev.pooler.core.wire.ProtocolViolation;
import dev.pooler.mysql.packet.Capabilities;
import dev.pooler.mysql.packet.Collations;
import dev.pooler.mysql.packet.Command;
import dev.pooler.mysql.packet.ServerStatus;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The manuals' examples are read as the manuals say, and written as they were. */
class PacketsTest {
  private static final long LOGIN_FIELDS =
      Capabilities.PROTOCOL_41
          | Capabilities.SECURE_CONNECTION
          | Capabilities.CONNECT_WITH_DB
          | Capabilities.PLUGIN_AUTH
          | Capabilities.PLUGIN_AUTH_LENENC_CLIENT_DATA
          | Capabilities.CONNECT_ATTRS;

  @Test
  void aGreetingOfMySql() {
    Greeting old = read(Sample.GREETING_55, Greeting::decode);
    assertEquals("5.5.2-m2", old.version());
    assertEquals(11, old.connectionId());
    assertEquals(0xf7ff, old.capabilities());
    assertEquals(Collations.LATIN1_SWEDISH_CI, old.collation());
    assertEquals(ServerStatus.AUTOCOMMIT, old.status());
    assertEquals("", old.plugin());
    assertEquals("dvH@I-CJ*4d|cZwk4^]:", text(old.scramble()));
    assertFalse(old.mariaDb());

    Greeting plugin = read(Sample.GREETING_56, Greeting::decode);
    assertEquals("mysql_native_password", plugin.plugin());
    assertEquals("RB3vz&Gr+yD&/ZZ305ZG", text(plugin.scramble()));
    assertEquals(0xc00fffffL, plugin.capabilities());
    assertEquals(Golden.hex(Sample.GREETING_56), Golden.hex(plugin::encode));
  }

  @Test
  void aGreetingOfMariaDbHasMoreCapabilitiesInReservedBytes() {
    String golden =
        "0a '5.5.5-10.6.12-MariaDB' 00 08000000 'abcdefgh' 00 fef7 2d 0200 ff81 15 000000000000"
            + " 1d000000 'ijklmnopqrst' 00 'mysql_native_password' 00";
    Greeting greeting = read(golden, Greeting::decode);
    assertTrue(greeting.mariaDb());
    assertEquals("10.6.12-MariaDB", greeting.plainVersion());
    assertEquals(
        Capabilities.PROGRESS
            | Capabilities.STMT_BULK_OPERATIONS
            | Capabilities.EXTENDED_METADATA
            | Capabilities.CACHE_METADATA,
        greeting.capabilities() & Capabilities.MARIADB_MASK);
    assertEquals(Golden.hex(golden), Golden.hex(greeting::encode));
    // the same bytes of a server that says it is MySQL mean nothing
    Greeting mysql = read(golden.replace("fef7", "fff7"), Greeting::decode);
    assertEquals(0, mysql.capabilities() & Capabilities.MARIADB_MASK);
  }

  @Test
  void aGreetingThatIsNotOurs() {
    var older = assertThrows(ProtocolViolation.class, () -> read("09 '3.20' 00", Greeting::decode));
    assertEquals("a greeting: the handshake's version is 9 instead of 10", older.getMessage());
    Greeting zero =
        new Greeting(
            "8", 1, AuthData.of(new byte[20]), LOGIN_FIELDS, 8, 2, "caching_sha2_password");
    assertThrows(IllegalStateException.class, () -> zero.encode(Unpooled.buffer()));
  }

  @Test
  @Tag("mysql-case-101")
  void anErrorInPlaceOfAGreetingHasNoSqlState() {
    ErrPacket error = read("ff 1004 'Too many connections'", ErrPacket::decode);
    assertEquals(new ErrPacket(1040, null, "Too many connections"), error);
    assertEquals(Golden.hex("ff 1004 'Too many connections'"), Golden.hex(error::encode));
    ErrPacket marked = read("ff 1004 '#08004Too many connections'", ErrPacket::decode);
    assertEquals(new ErrPacket(1040, "08004", "Too many connections"), marked);
    assertEquals(Golden.hex("ff 1004 '#08004Too many connections'"), Golden.hex(marked::encode));
  }

  @Test
  void aFailureOfOursHasMySqlsNumberAndState() {
    assertEquals(
        new ErrPacket(
            1040,
            "08004",
            "too many clients: pooler serves at most 7"
                + " (Raise limits.clients, or open fewer connections.)"),
        ErrPacket.of(SqlFailure.tooManyClients(7)));
    assertEquals("HY000", ErrPacket.of(SqlFailure.error("42601", 1234, "x")).sqlState());
  }

  @Test
  void progressIsNoError() {
    ByteBuf progress = Golden.buffer("ff ffff 01 01 000000 04 'copy'");
    assertTrue(ErrPacket.isProgress(progress, 0, progress.writerIndex()));
    ByteBuf error = Golden.buffer("ff 4804 '#HY000' 'No tables used'");
    assertFalse(ErrPacket.isProgress(error, 0, error.writerIndex()));
    assertFalse(ErrPacket.isProgress(error, 0, 2));
  }

  @Test
  void aLoginRequest() {
    LoginRequest login = read(Sample.LOGIN, LoginRequest::decode);
    assertEquals("pam", login.user());
    assertEquals("test", login.schema());
    assertEquals("mysql_native_password", login.plugin());
    assertEquals(20, login.authData().length());
    assertEquals(1 << 24, login.maxPacket());
    assertEquals(ConnectAttributes.NONE, login.attributes());
    assertEquals(Golden.hex(Sample.LOGIN), Golden.hex(login::encode));
    assertTrue(login.toString().contains("authData=AuthData[hidden]"), login.toString());

    LoginRequest attributes = read(Sample.LOGIN_WITH_ATTRIBUTES, LoginRequest::decode);
    assertNull(attributes.schema());
    assertEquals("libmysql", attributes.attributes().get("_client_name"));
    assertEquals(
        List.of("_os", "_client_name", "_pid", "_client_version", "_platform", "foo"),
        new ArrayList<>(attributes.attributes().toMap().keySet()));
    assertEquals(Golden.hex(Sample.LOGIN_WITH_ATTRIBUTES), Golden.hex(attributes::encode));
  }

  @Test
  void aLoginRequestOfAMariaDbClientHasMoreCapabilities() {
    LoginRequest login = read(Sample.MARIADB_LOGIN, LoginRequest::decode);
    assertEquals(0x1dL << 32, login.capabilities() & Capabilities.MARIADB_MASK);
    assertEquals(Golden.hex(Sample.MARIADB_LOGIN), Golden.hex(login::encode));
    LoginRequest mysql = read(Sample.MARIADB_LOGIN.replace("8ca2", "8da2"), LoginRequest::decode);
    assertEquals(0, mysql.capabilities() & Capabilities.MARIADB_MASK);
  }

  @Test
  void authDataMayHaveNoLengthAtAll() {
    LoginRequest old =
        read(
            "05220000 00000001 08 " + "00".repeat(23) + " 'u' 00 'secret' 00",
            LoginRequest::decode);
    assertEquals("secret", text(old.authData()));
  }

  @Test
  void theCompressionLevelIsBehindTheAttributes() {
    LoginRequest login =
        new LoginRequest(
            LOGIN_FIELDS | Capabilities.ZSTD_COMPRESSION_ALGORITHM | Capabilities.LONG_PASSWORD,
            1 << 30,
            45,
            "u",
            AuthData.NONE,
            "",
            "caching_sha2_password",
            ConnectAttributes.of(Map.of("a", "b")),
            7);
    assertEquals(login, again(login::encode, LoginRequest::decode));
    assertEquals(7, again(login::encode, LoginRequest::decode).zstdLevel());
  }

  @Test
  void namesAreInTheCharacterSetOfTheCollation() {
    for (int collation : List.of(Collations.LATIN1_SWEDISH_CI, Collations.UTF8MB4_GENERAL_CI)) {
      LoginRequest login = login("jürgen€", "größe", collation);
      assertEquals(login, again(login::encode, LoginRequest::decode));
      ChangeUser change =
          new ChangeUser("jürgen€", AuthData.NONE, "größe", collation, "p", ConnectAttributes.NONE);
      assertEquals(
          change,
          again(
              out -> change.encode(out, LOGIN_FIELDS),
              (in, i, e) -> ChangeUser.decode(in, i, e, LOGIN_FIELDS)));
    }
    String notUtf8 = "05a20000 00000001 2d " + "00".repeat(23) + " 'j' fc 'rgen' 00 00";
    var violation =
        assertThrows(ProtocolViolation.class, () -> read(notUtf8, LoginRequest::decode));
    assertEquals("a login request: the user is not UTF-8", violation.getMessage());
  }

  @Test
  @Tag("mysql-case-16")
  void aCollationThatHasNoPlaceIsNotWrittenAsAnother() {
    LoginRequest login = login("u", "d", Collations.UTF8MB4_UCA1400_AI_CI);
    assertThrows(IllegalStateException.class, () -> login.encode(Unpooled.buffer()));
    // a second byte, which some clients write, is not looked at: nor does a server
    String two = "05a20000 00000001 35 01 " + "00".repeat(22) + " 'u' 00 00";
    assertEquals(0x35, read(two, LoginRequest::decode).collation());
  }

  @Test
  void namesThatWouldBeReadAsTwoFieldsAreNotWritten() {
    LoginRequest login = login("u\0d", "d", 45);
    assertThrows(IllegalStateException.class, () -> login.encode(Unpooled.buffer()));
  }

  @Test
  void anSslRequestIsTheBeginningOfALoginRequest() {
    SslRequest request = read(Sample.SSL_REQUEST, SslRequest::decode);
    assertEquals(0x3ae05, request.capabilities());
    assertEquals(Golden.hex(Sample.SSL_REQUEST), Golden.hex(request::encode));
    ByteBuf in = Golden.buffer(Sample.SSL_REQUEST);
    assertTrue(SslRequest.is(in, 0, 32));
    ByteBuf login = Golden.buffer(Sample.LOGIN);
    assertFalse(SslRequest.is(login, 0, login.writerIndex()));
    assertFalse(SslRequest.is(login, 0, 32), "SSL is not asked for");
    assertThrows(ProtocolViolation.class, () -> SslRequest.decode(login, 0, 32));
  }

  @Test
  @Tag("mysql-case-104")
  void aChangeOfUserHasCollationSchemaAndAttributes() {
    long capabilities = Capabilities.PLUGIN_AUTH | Capabilities.CONNECT_ATTRS;
    ChangeUser change =
        read(Sample.CHANGE_USER, (in, i, e) -> ChangeUser.decode(in, i, e, capabilities));
    assertEquals(
        new ChangeUser(
            "app",
            AuthData.of(new byte[] {1, 2, 3}),
            "shop",
            Collations.UTF8MB4_UCA1400_AI_CI,
            "caching_sha2_password",
            ConnectAttributes.of(Map.of("foo", "bar"))),
        change);
    assertEquals(
        Golden.hex(Sample.CHANGE_USER), Golden.hex(out -> change.encode(out, capabilities)));
    ChangeUser least = read("11 'app' 00 00 00", (in, i, e) -> ChangeUser.decode(in, i, e, 0));
    assertEquals(new ChangeUser("app", AuthData.NONE, "", 0, "", ConnectAttributes.NONE), least);
  }

  @Test
  @Tag("mysql-case-102")
  void authSwitchesOldAndNew() {
    AuthSwitchRequest request =
        AuthSwitchRequest.of("caching_sha2_password", AuthData.of("x".repeat(20).getBytes(UTF)));
    AuthSwitchRequest read = again(request::encode, AuthSwitchRequest::decode);
    assertEquals(request, read);
    assertEquals("x".repeat(20), text(read.scramble()));
    assertEquals(21, read.data().length());
    AuthSwitchRequest other = read("fe 'client_ed25519' 00 'data' 00", AuthSwitchRequest::decode);
    assertEquals(5, other.scramble().length(), "no scramble's length: nothing is taken away");
    assertEquals(AuthSwitchRequest.OLD_PASSWORD, read("fe", AuthSwitchRequest::decode).plugin());
    assertEquals(AuthData.of(new byte[] {4}), read("01 04", AuthMoreData::decode));
    assertEquals(
        Golden.hex("01 04"),
        Golden.hex(out -> AuthMoreData.encode(out, AuthData.of(new byte[] {4}))));
  }

  @Test
  void anOkPacket() {
    ByteBuf in = Golden.buffer("00 00 00 0200 0000");
    OkPacket ok = new OkPacket().read(in, 0, in.writerIndex(), 0);
    assertEquals(ServerStatus.AUTOCOMMIT, ok.status());
    assertEquals(0, ok.warnings());
    assertEquals("", ok.info());
    assertFalse(ok.hasChanges());
    assertEquals(
        Golden.hex("00 00 00 0200 0000"),
        Golden.hex(out -> OkPacket.write(out, ServerStatus.AUTOCOMMIT, 0)));
  }

  @Test
  @Tag("mysql-case-20")
  void theInfoHasALengthWithAndWithoutSessionTrack() {
    String start = "00 03 00 0200 0100 ";
    for (long capabilities : List.of(0L, Capabilities.SESSION_TRACK)) {
      assertEquals("Records: 3", info(start + "0a 'Records: 3'", capabilities));
      assertEquals("", info(start, capabilities));
      assertEquals("", info(start + "00", capabilities));
      String longer = "i".repeat(300);
      assertEquals(longer, info(start + "fc2c01 '" + longer + "'", capabilities));
    }
    assertEquals("Records: 3", info(start + "'Records: 3'", 0), "as the manual has it");
  }

  @Test
  @Tag("mysql-case-19")
  @Tag("mysql-case-20")
  void anOkPacketIsWrittenForWhatItsClientCanRead() {
    ByteBuf in = Golden.buffer(Sample.TRACKED_OK);
    OkPacket ok = new OkPacket().read(in, 0, in.writerIndex(), Sample.TRACKED);
    assertEquals(1, ok.affectedRows());
    assertEquals(300, ok.lastInsertId());
    assertEquals(1, ok.warnings());
    assertEquals("hi", ok.info());
    assertTrue(ok.hasChanges());
    assertEquals(
        Golden.hex(Sample.TRACKED_OK),
        Golden.hex(out -> ok.copy(out, ServerStatus.AUTOCOMMIT, Sample.TRACKED)));
    assertEquals(
        Golden.hex("00 01 fc2c01 0300 0100 02 'hi'"),
        Golden.hex(out -> ok.copy(out, 0x4003, 0)),
        "nothing of the changes, and no flag that says so");
  }

  @Test
  @Tag("mysql-case-91")
  @Tag("mysql-case-92")
  void anOkThatEndsAResultIsAnEofForThoseWhoWantOne() {
    ByteBuf in = Golden.buffer("fe 00 00 2240 0300 00 04 02 02 01 '1'");
    OkPacket end = new OkPacket().read(in, 0, in.writerIndex(), Sample.TRACKED);
    assertEquals(PayloadHeader.EOF, end.header());
    assertEquals(Golden.hex("fe 0300 2200"), Golden.hex(out -> end.copy(out, 0x4022, 0)));
    assertEquals(
        Golden.hex("fe 00 00 2200 0300"),
        Golden.hex(out -> end.copy(out, 0x4022, Capabilities.DEPRECATE_EOF)));
    assertEquals(Golden.hex("fe 0100 0200"), Golden.hex(out -> OkPacket.writeEnd(out, 2, 1, 0)));
    assertEquals(
        Golden.hex("fe 00 00 0200 0100"),
        Golden.hex(out -> OkPacket.writeEnd(out, 2, 1, Capabilities.DEPRECATE_EOF)));
  }

  @Test
  @Tag("mysql-case-91")
  void aRowThatBeginsLikeAnEofIsARow() {
    ByteBuf eof = Golden.buffer("fe 0000 0200");
    assertTrue(EofPacket.is(eof, 0, 5));
    assertEquals(2, EofPacket.status(eof, 0, 5));
    assertEquals(0, EofPacket.warnings(eof, 0, 5));
    ByteBuf row = Golden.buffer("fe 0000000100000000");
    assertFalse(EofPacket.is(row, 0, 9));
    assertFalse(EofPacket.is(eof, 0, 0));
    assertTrue(OkPacket.endsResult(0xfe, 4 + 7));
    assertTrue(OkPacket.endsResult(0xfe, 4 + 0xfffffe));
    assertFalse(OkPacket.endsResult(0xfe, 4 + 0xffffff));
    assertFalse(OkPacket.endsResult(0, 4 + 7));
  }

  @Test
  void sessionTrackingTellsEachChange() {
    String golden =
        "00 0f 0a 'autocommit' 03 'OFF' 01 05 04 'test' 02 02 01 '1' 02 01 '1' 03 06 00 04 'a:1-'"
            + " 04 01 00 05 09 08 'T_______' 0c 05 01 'u' 02 '42' 63 02 ffff 01 01 00"
            + " 00 17 08 'sql_mode' 00 07 'charset' fb 01 'x' 01 'y'"; // MariaDB may have several
    ByteBuf in = Golden.buffer(golden);
    SessionTrack track = new SessionTrack().begin(in, 0, in.writerIndex());
    List<String> told = new ArrayList<>();
    while (track.next()) {
      told.add(track.type() + " " + track.name() + "=" + track.value());
    }
    assertEquals(
        List.of(
            "0 autocommit=OFF",
            "1 =test",
            "2 =1",
            "2 =1",
            "3 =a:1-",
            "4 =",
            "5 =T_______",
            "12 u=42",
            "1 =",
            "0 sql_mode=",
            "0 charset=null",
            "0 x=y"),
        told);
    assertFalse(track.next());
    SessionTrack first = new SessionTrack().begin(in, 0, in.writerIndex());
    assertTrue(first.next());
    assertTrue(first.nameIs("autocommit".getBytes(UTF)));
    assertFalse(first.nameIs("autocommix".getBytes(UTF)));
    assertFalse(first.nameIs("auto".getBytes(UTF)));
    assertEquals("OFF", in.toString(first.valueIndex(), first.valueLength(), UTF));
  }

  @Test
  @Tag("mysql-case-109")
  void theTextIsBehindItsAttributes() {
    QueryAttributes attributes = new QueryAttributes();
    assertEquals("SELECT 1", textOf(attributes, Sample.QUERY_WITH_ATTRIBUTES));
    assertEquals(3, attributes.count());
    assertEquals("SELECT 1", textOf(attributes, "03 00 01 'SELECT 1'"));
    assertEquals(0, attributes.count());
    assertEquals("", textOf(attributes, "03 00 01"));
    assertEquals(
        Golden.hex("03 00 01 'SELECT 1'"),
        Golden.hex(out -> Commands.query(out, "SELECT 1", Capabilities.QUERY_ATTRIBUTES)));
    assertEquals(
        Golden.hex("03 'SELECT 1'"), Golden.hex(out -> Commands.query(out, "SELECT 1", 0)));
  }

  @Test
  @Tag("mysql-case-109")
  void attributesThatAServerCouldReadOtherwiseAreAViolation() {
    QueryAttributes attributes = new QueryAttributes();
    for (String golden :
        List.of(
            "03 01 02 00 01 fe00 00 01 'a' 'SELECT 1'", // two sets
            "03 01 01 00 00 fe00 00 01 'a' 'SELECT 1'", // no types
            "03 01 01 00 01 0900 00 01000000 'SELECT 1'", // a number of 24 bits
            "03 01 01 00 01 0d00 00 0100 'SELECT 1'", // a year
            "03 01 01 00 01 0600 00 'SELECT 1'", // a NULL that the bitmap has not
            "03 01 01 00 01 fe00 00 fb 'SELECT 1'", // NULL for a length
            "03 01 01 00 01 fe00 00 7f 'SELECT 1'", // longer than what is left
            "03 fb 01 'SELECT 1'",
            "03 fe ffffffffffffffff 01 'SELECT 1'")) {
      assertThrows(ProtocolViolation.class, () -> textOf(attributes, golden), golden);
    }
  }

  @Test
  void valuesOfEachTypeAreAsLongAsTheServersReadThem() {
    Map<String, String> values = new LinkedHashMap<>();
    values.put("01", "7f");
    values.put("02", "7f00");
    values.put("03", "7f000000");
    values.put("04", "33332341");
    values.put("05", "6666666666662440");
    values.put("08", "0100000000000000");
    values.put("0a", "04 da070a11");
    values.put("0c", "0b da070a11131b1e01000000");
    values.put("07", "00");
    values.put("0b", "08 0178000000131b1e");
    for (String type : "00 0f 10 f2 f5 f6 f7 f8 f9 fa fb fc fd fe ff".split(" ")) {
      values.put(type, "03 'foo'");
    }
    values.forEach((type, value) -> {
      for (String sign : List.of("00", "80")) {
        String golden = "03 01 01 00 01 " + type + sign + " 00 " + value + " 'DO 1'";
        assertEquals("DO 1", textOf(new QueryAttributes(), golden), golden);
      }
    });
  }

  @Test
  @Tag("mysql-case-72")
  @Tag("mysql-case-73")
  void anExecutionIsWrittenWithTheTypesOfAnEarlierOne() {
    ByteBuf first = Golden.buffer(Sample.EXECUTE);
    StmtExecute execute = new StmtExecute().read(first, 0, first.writerIndex(), 0, 1);
    assertEquals(1, execute.statementId());
    assertTrue(execute.hasTypes());
    byte[] types = execute.types();
    assertEquals("0f00", ByteBufUtil.hexDump(types));
    assertEquals(
        Golden.hex("17 09000000 00 01000000 00 01 0f00 03 'foo'"),
        written(execute, first, 9, null, false));

    ByteBuf second = Golden.buffer("17 01000000 01 01000000 00 00 03 'bar'");
    execute.read(second, 0, second.writerIndex(), 0, 1);
    assertFalse(execute.hasTypes());
    assertTrue(execute.opensCursor());
    assertThrows(IllegalStateException.class, execute::types);
    assertEquals(
        Golden.hex("17 07000000 01 01000000 00 01 0f00 03 'bar'"),
        written(execute, second, 7, types, false));
    assertEquals(
        Golden.hex("17 07000000 01 01000000 00 00 03 'bar'"),
        written(execute, second, 7, null, false));
  }

  @Test
  @Tag("mysql-case-84")
  void anExecutionWithoutParametersHasNothingBehindItsHeader() {
    ByteBuf in = Golden.buffer("17 ffffffff 00 01000000");
    StmtExecute execute = new StmtExecute().read(in, 0, in.writerIndex(), 0, 0);
    assertEquals(StmtExecute.LAST_PREPARED, execute.statementId());
    assertEquals(Golden.hex("17 02000000 00 01000000"), written(execute, in, 2, null, false));
    ByteBuf counted = Golden.buffer("17 01000000 08 01000000 00");
    execute.read(counted, 0, counted.writerIndex(), Sample.ATTRIBUTES, 0);
    assertEquals(
        Golden.hex("17 02000000 08 01000000 00"), written(execute, counted, 2, null, true));
    assertEquals(Golden.hex("17 02000000 00 01000000"), plain(execute, 2, null, new BitSet()));
  }

  @Test
  @Tag("mysql-case-73")
  @Tag("mysql-case-109")
  void attributesOfAnExecutionAreTakenAway() {
    ByteBuf in = Golden.buffer(Sample.EXECUTE_WITH_ATTRIBUTES);
    StmtExecute execute = new StmtExecute().read(in, 0, in.writerIndex(), Sample.ATTRIBUTES, 1);
    assertEquals(1, execute.attributes());
    assertEquals("fd00", ByteBufUtil.hexDump(execute.types()));
    assertEquals(
        Golden.hex("17 05000000 00 01000000 00 01 fd00 05 'admin'"),
        plain(execute, 5, null, new BitSet()));
    assertEquals(
        Golden.hex(Sample.EXECUTE_WITH_ATTRIBUTES.replace("04000000", "05000000")),
        written(execute, in, 5, null, true));

    // the same, counted and without types: those of an earlier execution are written in
    ByteBuf later = Golden.buffer("17 04000000 08 01000000 01 00 00 05 'admin'");
    execute.read(later, 0, later.writerIndex(), Sample.ATTRIBUTES, 1);
    byte[] types = {(byte) 0xfd, 0};
    assertEquals(
        Golden.hex("17 05000000 08 01000000 01 00 01 fd00 00 05 'admin'"),
        written(execute, later, 5, types, true));
    assertEquals(
        Golden.hex("17 05000000 00 01000000 00 01 fd00 05 'admin'"),
        plain(execute, 5, types, new BitSet()));
    assertEquals(
        Golden.hex("17 05000000 00 01000000 00 00 05 'admin'"),
        plain(execute, 5, null, new BitSet()));
  }

  @Test
  @Tag("mysql-case-73")
  @Tag("mysql-case-109")
  void anExecutionIsWrittenForAnotherSideOfOtherCapabilities() {
    ByteBuf without = Golden.buffer(Sample.EXECUTE);
    StmtExecute execute = new StmtExecute().read(without, 0, without.writerIndex(), 0, 1);
    assertEquals(
        Golden.hex("17 02000000 08 01000000 01 00 01 0f00 00 03 'foo'"),
        written(execute, without, 2, null, true));
    ByteBuf typeless = Golden.buffer("17 01000000 00 01000000 00 00 03 'bar'");
    execute.read(typeless, 0, typeless.writerIndex(), 0, 1);
    byte[] types = {(byte) 0xfd, 0};
    assertEquals(
        Golden.hex("17 02000000 08 01000000 01 00 01 fd00 00 03 'bar'"),
        written(execute, typeless, 2, types, true));
    byte[] others = new byte[4];
    assertThrows(IllegalStateException.class, () -> written(execute, typeless, 2, others, true));

    ByteBuf with = Golden.buffer("17 01000000 08 01000000 01 00 01 0f00 01 'n' 03 'foo'");
    execute.read(with, 0, with.writerIndex(), Sample.ATTRIBUTES, 1);
    assertEquals(
        Golden.hex("17 02000000 00 01000000 00 01 0f00 03 'foo'"),
        written(execute, with, 2, null, false));
    ByteBuf attributes = Golden.buffer(Sample.EXECUTE_WITH_ATTRIBUTES);
    execute.read(attributes, 0, attributes.writerIndex(), Sample.ATTRIBUTES, 1);
    assertThrows(IllegalStateException.class, () -> written(execute, attributes, 2, null, false));

    ByteBuf bare = Golden.buffer("17 01000000 00 01000000");
    execute.read(bare, 0, bare.writerIndex(), 0, 0);
    assertEquals(Golden.hex("17 02000000 00 01000000"), written(execute, bare, 2, null, true));
  }

  @Test
  @Tag("mysql-case-109")
  void aNumberOfParametersIsSaidWithoutTheFlagToo() {
    // Connector/J to MySQL 8.0.23: the capability alone decides, where there are parameters
    ByteBuf in = Golden.buffer("17 01000000 00 01000000 01 00 01 fd00 00 03 'foo'");
    StmtExecute execute = new StmtExecute().read(in, 0, in.writerIndex(), Sample.ATTRIBUTES, 1);
    assertEquals("fd00", ByteBufUtil.hexDump(execute.types()));
    assertEquals(0, execute.attributes());
    assertEquals("foo", in.toString(execute.valuesIndex() + 1, 3, UTF));
    ByteBuf none = Golden.buffer("17 01000000 00 01000000");
    assertEquals(
        none.writerIndex(),
        execute.read(none, 0, none.writerIndex(), Sample.ATTRIBUTES, 0).valuesIndex());
  }

  @Test
  @Tag("mysql-case-74")
  void valuesThatWereSentBeforeAreNotInTheExecution() {
    // two parameters, the first sent as long data; the attribute NULL and so in the bitmap alone
    ByteBuf in =
        Golden.buffer("17 04000000 08 01000000 03 04 01 fc00 00 fd00 00 0300 01 'n' 03 'two'");
    StmtExecute execute = new StmtExecute().read(in, 0, in.writerIndex(), Sample.ATTRIBUTES, 2);
    BitSet longData = new BitSet();
    longData.set(0);
    assertEquals(
        Golden.hex("17 04000000 00 01000000 00 01 fc00 fd00 03 'two'"),
        plain(execute, 4, null, longData));
  }

  @Test
  void executionsThatCountWronglyAreAViolation() {
    for (String golden :
        List.of(
            "17 04000000 08 01000000 00", // fewer than the statement has
            "17 04000000 08 01000000 02 00 00 01 'a' 01 'b'", // an attribute without a type
            "17 04000000 08 01000000 fe ffffffffffffff7f 00 00")) {
      ByteBuf in = Golden.buffer(golden);
      assertThrows(
          ProtocolViolation.class,
          () -> new StmtExecute().read(in, 0, in.writerIndex(), Sample.ATTRIBUTES, 1),
          golden);
    }
  }

  @Test
  @Tag("mysql-case-85")
  void aPreparedStatement() {
    String golden = "00 01000000 0100 0200 00 0000";
    PrepareOk ok = read(golden, (in, i, e) -> PrepareOk.decode(in, i, e, 0));
    assertEquals(new PrepareOk(1, 1, 2, 0, true), ok);
    assertEquals(Golden.hex(golden), Golden.hex(out -> ok.encode(out, 0)));
    long optional = Capabilities.OPTIONAL_RESULTSET_METADATA;
    PrepareOk most = new PrepareOk(0xffffffffL, 0xffff, 0xffff, 0xffff, false);
    assertEquals(
        most,
        again(
            out -> most.encode(out, optional), (in, i, e) -> PrepareOk.decode(in, i, e, optional)));
  }

  @Test
  @Tag("mysql-case-96")
  void theOptionIsThePayloadsAndNotTheSequenceId() {
    for (int sequenceId : List.of(0, 1)) {
      ByteBuf packet = Unpooled.buffer();
      int start = PacketWriter.begin(packet, sequenceId);
      new SetOption(SetOption.MULTI_STATEMENTS_OFF).encode(packet);
      PacketWriter.end(packet, start);
      assertEquals("030000" + "0" + sequenceId + "1b0100", ByteBufUtil.hexDump(packet));
      assertEquals(
          SetOption.MULTI_STATEMENTS_OFF,
          SetOption.decode(packet, PacketFormat.HEADER, packet.writerIndex()).option());
    }
  }

  @Test
  void theShortCommands() {
    assertEquals(new Refresh(1), read("07 01", Refresh::decode));
    assertEquals(Golden.hex("07 01"), Golden.hex(new Refresh(1)::encode));
    ProcessKill kill = new ProcessKill(0xfffffffeL);
    assertEquals(kill, read("0c feffffff", ProcessKill::decode));
    assertEquals(Golden.hex("0c feffffff"), Golden.hex(kill::encode));
    assertEquals(Golden.hex("02 'test'"), Golden.hex(out -> Commands.initDb(out, "test")));
    assertEquals("0e", Golden.hex(out -> Commands.bare(out, Command.PING)));
    assertEquals(Golden.hex("16 'DO ?'"), Golden.hex(out -> Commands.stmtPrepare(out, "DO ?")));
    assertEquals(
        Golden.hex("19 feffffff"),
        Golden.hex(out -> Commands.statement(out, Command.STMT_CLOSE, 0xfffffffeL)));
    ByteBuf close = Golden.buffer("19 feffffff");
    assertEquals(0xfffffffeL, Commands.statementId(close, 0, 5));
  }

  @Test
  void numbersOfAllLengths() {
    Random random = new Random(4);
    List<Long> numbers =
        new ArrayList<>(
            List.of(0L, 1L, 250L, 251L, 252L, 0xffffL, 0x10000L, 0xffffffL, 0x1000000L, -1L));
    for (int i = 0; i < 1000; i++) {
      numbers.add(random.nextLong() >>> random.nextInt(64));
    }
    for (long number : numbers) {
      ByteBuf out = Unpooled.buffer();
      PacketWriter.lenenc(out, number);
      PacketReader reader = new PacketReader("a number", out, 0, out.writerIndex());
      assertEquals(number, reader.lenenc("it"));
      assertEquals(0, reader.remaining());
    }
    assertEquals(Golden.hex("fa"), Golden.hex(out -> PacketWriter.lenenc(out, 250)));
    assertEquals(Golden.hex("fcfb00"), Golden.hex(out -> PacketWriter.lenenc(out, 251)));
    assertEquals(Golden.hex("fd000001"), Golden.hex(out -> PacketWriter.lenenc(out, 0x10000)));
    assertEquals(
        Golden.hex("fe0000000100000000"), Golden.hex(out -> PacketWriter.lenenc(out, 1 << 24)));
  }

  @Test
  void anyLoginRequestIsReadAsItWasWritten() {
    for (int seed = 0; seed < Integer.getInteger("seeds", 2000); seed++) {
      Random random = new Random(seed);
      long capabilities =
          (random.nextLong() & ~Capabilities.SSL)
              | Capabilities.PROTOCOL_41
              | Capabilities.SECURE_CONNECTION;
      byte[] data = new byte[random.nextInt(256)];
      random.nextBytes(data);
      boolean schema = Capabilities.has(capabilities, Capabilities.CONNECT_WITH_DB);
      boolean plugin = Capabilities.has(capabilities, Capabilities.PLUGIN_AUTH);
      boolean attributes = Capabilities.has(capabilities, Capabilities.CONNECT_ATTRS);
      boolean zstd = Capabilities.has(capabilities, Capabilities.ZSTD_COMPRESSION_ALGORITHM);
      LoginRequest login =
          new LoginRequest(
              Capabilities.has(capabilities, Capabilities.LONG_PASSWORD)
                  ? capabilities & Capabilities.MYSQL_MASK
                  : capabilities,
              random.nextInt() & 0xffffffffL,
              random.nextBoolean() ? 45 : 8,
              "user" + seed,
              AuthData.of(data),
              schema ? "schema" + seed : null,
              plugin ? "plugin" : "",
              attributes
                  ? ConnectAttributes.of(Map.of("name", "v".repeat(random.nextInt(400))))
                  : ConnectAttributes.NONE,
              zstd ? random.nextInt(1, 23) : 0);
      assertEquals(login, again(login::encode, LoginRequest::decode), "seed " + seed);
    }
  }

  @Test
  void packetsAreFramedByTheirPayload() {
    ByteBuf out = Unpooled.buffer();
    int start = PacketWriter.begin(out, 257);
    Commands.bare(out, Command.PING);
    PacketWriter.end(out, start);
    PacketWriter.header(out, 0xffffff, 255);
    assertEquals("010000010e" + "ffffffff", ByteBufUtil.hexDump(out));
    assertThrows(IllegalStateException.class, () -> tooLong());
  }

  private static void tooLong() {
    ByteBuf out = Unpooled.buffer();
    int start = PacketWriter.begin(out, 0);
    out.writeZero(PacketFormat.LARGEST_PAYLOAD);
    PacketWriter.end(out, start);
  }

  private static final Charset UTF = StandardCharsets.UTF_8;

  private static LoginRequest login(String user, String schema, int collation) {
    return new LoginRequest(
        LOGIN_FIELDS | Capabilities.LONG_PASSWORD,
        1 << 24,
        collation,
        user,
        AuthData.NONE,
        schema,
        "mysql_native_password",
        ConnectAttributes.NONE,
        0);
  }

  private static String text(AuthData data) {
    return new String(data.bytes(), UTF);
  }

  private static String info(String golden, long capabilities) {
    ByteBuf in = Golden.buffer(golden);
    return new OkPacket().read(in, 0, in.writerIndex(), capabilities).info();
  }

  private static String textOf(QueryAttributes attributes, String golden) {
    ByteBuf in = Golden.buffer(golden);
    int text = attributes.textIndex(in, 0, in.writerIndex());
    return in.toString(text, in.writerIndex() - text, UTF);
  }

  private static String written(
      StmtExecute execute, ByteBuf in, long id, byte @Nullable [] types, boolean attributes) {
    return Golden.hex(out -> {
      execute.write(out, id, types, attributes);
      int values = execute.valuesIndex();
      out.writeBytes(in, values, in.writerIndex() - values);
    });
  }

  private static String plain(
      StmtExecute execute, long id, byte @Nullable [] types, BitSet longData) {
    return Golden.hex(out -> execute.writeWithoutAttributes(out, id, types, longData));
  }

  private static <T> T read(String golden, Decoder<T> decoder) {
    ByteBuf in =
        Golden.buffer("dead " + golden + " beef"); // no packet begins where its buffer does
    return decoder.decode(in, 2, in.writerIndex() - 2);
  }

  private static <T> T again(Consumer<ByteBuf> writer, Decoder<T> decoder) {
    ByteBuf out = Unpooled.buffer();
    writer.accept(out);
    return decoder.decode(out, 0, out.writerIndex());
  }

  private interface Decoder<T> {
    T decode(ByteBuf in, int index, int end);
  }
}
