package dev.pooler.postgres.codec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class BoundValueTest {
  private static final int FORMATS = 4;

  /** Two values, seven bytes and NULL, behind a portal and a statement of one letter each. */
  private static ByteBuf bind(int... formats) {
    ByteBuf body = Unpooled.buffer().writeByte('p').writeByte(0).writeByte('s').writeByte(0);
    body.writeShort(formats.length);
    for (int format : formats) {
      body.writeShort(format);
    }
    body.writeShort(2).writeInt(7).writeBytes(new byte[] {1, 2, 3, 4, 5, 6, 7}).writeInt(-1);
    return body.writeShort(0);
  }

  private static BoundValue find(ByteBuf in, int number) {
    return Objects.requireNonNull(BoundValue.find(in, 0, in.writerIndex(), number));
  }

  @Test
  void eachValueHasItsPlaceAndItsFormat() {
    assertEquals(new BoundValue(FORMATS + 8, 7, false), find(bind(), 1));
    assertEquals(new BoundValue(FORMATS + 8 + 7 + 4, -1, false), find(bind(), 2));
    assertEquals(new BoundValue(FORMATS + 10, 7, true), find(bind(1), 1));
    assertEquals(new BoundValue(FORMATS + 10 + 7 + 4, -1, true), find(bind(1), 2));
    assertEquals(new BoundValue(FORMATS + 12, 7, false), find(bind(0, 1), 1));
    assertEquals(new BoundValue(FORMATS + 12 + 7 + 4, -1, true), find(bind(0, 1), 2));
  }

  @Test
  void whatIsNotThereIsNotFound() {
    ByteBuf in = bind(1);
    assertNull(BoundValue.find(in, 0, in.writerIndex(), 3));
    int second = FORMATS + 10 + 7 + 4;
    for (int end = 0; end < second; end++) {
      assertNull(BoundValue.find(in, 0, end, 2), "broken off at " + end);
    }
    in.setInt(FORMATS + 6, Integer.MAX_VALUE);
    assertNull(BoundValue.find(in, 0, in.writerIndex(), 1), "a length that lies");
  }
}
