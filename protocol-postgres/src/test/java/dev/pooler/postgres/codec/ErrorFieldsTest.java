package dev.pooler.postgres.codec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.core.session.SqlFailure;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class ErrorFieldsTest {
  private static final String WHOLE =
      "SFEHLER|VERROR|C42601|Msyntax error|Dnear x|Hlook|P15|Fscan.l|L1188|Rscanner_yyerror|";

  @Test
  void theFieldsAreReadAndTheRestIsPassedOver() {
    ErrorFields fields = read(WHOLE + "|");
    ErrorFields expected =
        new ErrorFields("ERROR", "42601", "syntax error", "near x", "look", "scanner_yyerror");
    assertEquals(expected, fields);
    assertFalse(fields.fatal());
  }

  @Test
  void theSeverityIsTheUntranslatedOneWhereverItStands() {
    assertEquals("FATAL", read("VFATAL|SSCHWERWIEGEND||").severity());
    assertTrue(read("VFATAL|SSCHWERWIEGEND||").fatal());
    assertTrue(read("SPANIC||").fatal());
    assertFalse(read("SFATAL|VERROR||").fatal());
  }

  @Test
  void anErrorWithoutAnyFieldIsAnErrorAllTheSame() {
    ErrorFields fields = read("|");
    assertNull(fields.severity());
    assertFalse(fields.fatal());
    SqlFailure failure = fields.toFailure(false);
    assertEquals("XX000", failure.sqlState());
    assertEquals("the server sent an error without a message", failure.message());
  }

  @Test
  @Tag("case-19")
  @Tag("advisory-CVE-2026-6666")
  void eachFieldMayBeMissing() {
    for (String missing : WHOLE.split("\\|")) {
      SqlFailure failure = read(WHOLE.replace(missing + "|", "") + "|").toFailure(true);
      assertTrue(failure.fatal());
      assertEquals(missing.startsWith("C") ? "XX000" : "42601", failure.sqlState());
      assertEquals(missing.startsWith("D") ? null : "near x", failure.detail());
      assertEquals(missing.startsWith("H") ? null : "look", failure.hint());
    }
  }

  @Test
  void aTextThatIsCutOffAnywhereIsReadAsFarAsItGoes() {
    for (int length = 0; length <= WHOLE.length(); length++) {
      ErrorFields fields = read(WHOLE.substring(0, length));
      String message = fields.message();
      assertTrue(message == null || "syntax error".startsWith(message), "cut at " + length);
      assertFalse(fields.fatal());
    }
  }

  @Test
  void nothingBehindTheEndIsRead() {
    ByteBuf in = bytes("VERROR|VFATAL||");
    assertFalse(ErrorFields.read(in, 0, 7).fatal());
  }

  private static ErrorFields read(String fields) {
    ByteBuf in = bytes(fields);
    return ErrorFields.read(in, 0, in.readableBytes());
  }

  /** A bar stands for a zero byte. */
  private static ByteBuf bytes(String fields) {
    return Unpooled.copiedBuffer(fields.replace('|', '\0'), StandardCharsets.UTF_8);
  }
}
