package dev.pooler.postgres.codec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.pooler.core.session.SqlFailure;
import dev.pooler.postgres.cancel.CancelKey;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** Golden bytes, written by hand from the manual's "Message Formats". */
class MessagesTest {
  private static final Charset US = StandardCharsets.US_ASCII;
  private static final CancelKey KEY = new CancelKey(0x01020304, new byte[] {9, 8, 7, 6});

  @Test
  void authenticationIsItsCodeAndData() {
    assertBytes("R 00000008 00000000", out -> Messages.authentication(out, 0, new byte[0]));
    assertBytes(
        "R 0000000c 00000005 'salt'", out -> Messages.authentication(out, 5, "salt".getBytes(US)));
  }

  @Test
  void parameterStatusIsTwoStrings() {
    assertBytes(
        "S 00000011 'TimeZone' 00 'UTC' 00",
        out -> Messages.parameterStatus(out, "TimeZone", "UTC"));
  }

  @Test
  void textIsUtf8() {
    assertBytes("S 00000009 'n' 00 c3a4 00", out -> Messages.parameterStatus(out, "n", "ä"));
  }

  @Test
  void backendKeyDataIsTheKey() {
    assertBytes("K 0000000c 01020304 09080706", out -> Messages.backendKeyData(out, KEY));
  }

  @Test
  void backendKeyDataMayHaveALongSecret() {
    byte[] secret = new byte[32];
    assertBytes(
        "K 00000028 01020304 " + "00".repeat(32),
        out -> Messages.backendKeyData(out, new CancelKey(0x01020304, secret)));
  }

  @Test
  void readyForQueryTellsTheTransaction() {
    assertBytes("Z 00000005 'I'", out -> Messages.readyForQuery(out, 'I'));
    assertBytes("Z 00000005 'E'", out -> Messages.readyForQuery(out, 'E'));
  }

  @Test
  void negotiateProtocolVersionTellsTheNewestAndTheUnknownOptions() {
    assertBytes(
        "v 0000000c 00030002 00000000", out -> Messages.negotiateProtocolVersion(out, List.of()));
    assertBytes(
        "v 00000013 00030002 00000001 '_pq_.x' 00",
        out -> Messages.negotiateProtocolVersion(out, List.of("_pq_.x")));
  }

  @Test
  void anErrorHasSeverityStateAndMessage() {
    assertBytes(
        "E 0000001f 'SERROR' 00 'VERROR' 00 'C42601' 00 'Mbad' 00 00",
        out -> Messages.error(out, SqlFailure.error("42601", 1064, "bad")));
  }

  @Test
  void aFatalErrorMayHaveDetailAndHint() {
    assertBytes(
        "E 00000025 'SFATAL' 00 'VFATAL' 00 'C57P01' 00 'Mbye' 00 'Dd' 00 'Hh' 00 00",
        out ->
            Messages.error(
                out, SqlFailure.fatal("57P01", 1053, "bye").withDetail("d").withHint("h")));
  }

  @Test
  void aZeroByteInAnErrorsTextCantCutTheMessage() {
    assertBytes(
        "E 0000001f 'SERROR' 00 'VERROR' 00 'C42601' 00 'Ma b' 00 00",
        out -> Messages.error(out, SqlFailure.error("42601", 1064, "a\0b")));
  }

  @Test
  void aQueryIsItsText() {
    assertBytes("Q 0000000d 'SELECT 1' 00", out -> Messages.query(out, "SELECT 1"));
  }

  @Test
  void aQueryWithAZeroByteIsOurFault() {
    ByteBuf out = Unpooled.buffer();
    assertThrows(IllegalStateException.class, () -> Messages.query(out, "a\0; DROP TABLE b"));
  }

  @Test
  void theShortRequests() {
    assertBytes("C 00000006 'S' 00", out -> Messages.closeStatement(out, ""));
    assertBytes("C 00000008 'Sp1' 00", out -> Messages.closeStatement(out, "p1"));
    assertBytes("S 00000004", Messages::sync);
    assertBytes("X 00000004", Messages::terminate);
    assertBytes("p 00000007 010203", out -> Messages.password(out, new byte[] {1, 2, 3}));
  }

  @Test
  void theStartupPackets() {
    Map<String, String> parameters = new LinkedHashMap<>();
    parameters.put("user", "u");
    parameters.put("database", "d");
    assertBytes(
        "0000001b 00030000 'user' 00 'u' 00 'database' 00 'd' 00 00",
        out -> Messages.startup(out, parameters));
    assertBytes("00000008 04d2162f", Messages::sslRequest);
    assertBytes("00000010 04d2162e 01020304 09080706", out -> Messages.cancelRequest(out, KEY));
  }

  /** Words are a message type's letter, text in quotes, or hexadecimal digits. */
  private static void assertBytes(String golden, Consumer<ByteBuf> writer) {
    ByteBuf expected = Unpooled.buffer();
    for (String word : golden.strip().split(" +(?=([^']*'[^']*')*[^']*$)")) {
      if (word.startsWith("'")) {
        expected.writeBytes(word.substring(1, word.length() - 1).getBytes(US));
      } else if (word.length() == 1) {
        expected.writeByte(word.charAt(0));
      } else {
        expected.writeBytes(HexFormat.of().parseHex(word));
      }
    }
    ByteBuf written = Unpooled.buffer();
    writer.accept(written);
    assertEquals(ByteBufUtil.hexDump(expected), ByteBufUtil.hexDump(written));
  }
}
