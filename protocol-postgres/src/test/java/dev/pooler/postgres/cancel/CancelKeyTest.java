package dev.pooler.postgres.cancel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CancelKeyTest {
  @ParameterizedTest
  @ValueSource(ints = {4, 5, 32, 255, 256})
  void takesSecretsOfEitherProtocolVersion(int length) {
    byte[] secret = new byte[length];
    secret[length - 1] = 7;
    CancelKey key = CancelKey.parse(ByteBuffer.allocate(4 + length).putInt(-5).put(secret).array());

    assertNotNull(key);
    assertEquals(-5, key.processId());
    assertArrayEquals(secret, key.secret());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 3, 4, 7, 261, 10_000})
  void refusesSecretsOfOtherLengths(int bodyLength) {
    assertNull(CancelKey.parse(new byte[bodyLength]));
  }

  @Test
  void refusesToBeMadeWithSecretsOfOtherLengths() {
    assertThrows(IllegalArgumentException.class, () -> new CancelKey(1, new byte[3]));
    assertThrows(IllegalArgumentException.class, () -> new CancelKey(1, new byte[257]));
  }

  @Test
  void equalsOnlyTheSameProcessIdAndSecret() {
    CancelKey key = new CancelKey(1, new byte[] {1, 2, 3, 4});

    assertEquals(key, new CancelKey(1, new byte[] {1, 2, 3, 4}));
    assertNotEquals(key, new CancelKey(2, new byte[] {1, 2, 3, 4}));
    assertNotEquals(key, new CancelKey(1, new byte[] {1, 2, 3, 5}));
    assertNotEquals(key, new CancelKey(1, new byte[] {1, 2, 3, 4, 0}));
  }

  @Test
  void neitherShowsNorLendsItsSecret() {
    byte[] secret = {11, 22, 33, 44};
    CancelKey key = new CancelKey(9, secret);
    secret[0] = 0;
    key.secret()[1] = 0;

    assertArrayEquals(new byte[] {11, 22, 33, 44}, key.secret());
    assertFalse(key.toString().contains("22"));
  }
}
