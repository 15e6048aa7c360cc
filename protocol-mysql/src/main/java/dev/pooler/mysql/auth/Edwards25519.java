package dev.pooler.mysql.auth;

import java.math.BigInteger;

/**
 * Multiples of the base point of edwards25519 (RFC 8032, section 5.1), which the JDK hands out only
 * for keys of 32 bytes. The steps don't depend on the scalar: each bit costs the same two additions
 * and the same swaps. A multiplication takes 1 to 3 ms: never on an event loop.
 *
 * <p>Numbers of the field are sixteen limbs of 16 bits, little end first, not reduced: a limb may
 * be a little negative or above 16 bits. Points are (X : Y : Z : T) with x = X/Z, y = Y/Z, xy =
 * T/Z; their addition is complete, so doubling needs no formula of its own.
 */
final class Edwards25519 {
  static final int ENCODED_BYTES = 32;

  /** The order of the base point. */
  static final BigInteger ORDER =
      BigInteger.TWO.pow(252).add(new BigInteger("27742317777372353535851937790883648493"));

  private static final int LIMBS = 16;
  private static final BigInteger PRIME = BigInteger.TWO.pow(255).subtract(BigInteger.valueOf(19));

  private static final BigInteger D =
      BigInteger.valueOf(-121665).multiply(BigInteger.valueOf(121666).modInverse(PRIME)).mod(PRIME);

  private static final BigInteger BASE_X =
      new BigInteger(
          "15112221349535400772501151409588531511454012693041857206046113283949847762202");
  private static final BigInteger BASE_Y =
      new BigInteger(
          "46316835694926478169428394003475163141307993866256225615783033603165251855960");

  private static final long[] TWICE_D = limbs(D.shiftLeft(1).mod(PRIME));

  private Edwards25519() {}

  /**
   * The base point, so many times.
   *
   * @param scalar 32 bytes, little end first
   * @return the point as RFC 8032 encodes it: y, and the lowest bit of x as the highest bit
   */
  static byte[] multiplyBase(byte[] scalar) {
    Point sum = new Point(limbs(BigInteger.ZERO), one(), one(), limbs(BigInteger.ZERO));
    Point next =
        new Point(limbs(BASE_X), limbs(BASE_Y), one(), limbs(BASE_X.multiply(BASE_Y).mod(PRIME)));
    // next is always sum + base.
    for (int i = 8 * ENCODED_BYTES - 1; i >= 0; i--) {
      long bit = (scalar[i >> 3] >> (i & 7)) & 1;
      swap(sum, next, bit);
      next = next.plus(sum);
      sum = sum.plus(sum);
      swap(sum, next, bit);
    }
    return sum.encoded();
  }

  /** Little end first, as all numbers of Ed25519 are written. */
  static BigInteger number(byte[] littleEndian) {
    byte[] bigEndian = new byte[littleEndian.length];
    for (int i = 0; i < bigEndian.length; i++) {
      bigEndian[i] = littleEndian[bigEndian.length - 1 - i];
    }
    return new BigInteger(1, bigEndian);
  }

  /** The same back: 32 bytes. */
  static byte[] bytes(BigInteger number) {
    byte[] bytes = new byte[ENCODED_BYTES];
    byte[] bigEndian = number.toByteArray();
    for (int i = 0; i < Math.min(bigEndian.length, ENCODED_BYTES); i++) {
      bytes[i] = bigEndian[bigEndian.length - 1 - i];
    }
    return bytes;
  }

  @SuppressWarnings("ArrayRecordComponent") // limbs that swap works on, never compared
  private record Point(long[] x, long[] y, long[] z, long[] t) {

    /** RFC 8032, 5.1.4. */
    Point plus(Point other) {
      long[] a = times(minus(y, x), minus(other.y, other.x));
      long[] b = times(sum(y, x), sum(other.y, other.x));
      long[] c = times(times(t, TWICE_D), other.t);
      long[] zz = times(z, other.z);
      long[] d = sum(zz, zz);
      long[] e = minus(b, a);
      long[] f = minus(d, c);
      long[] g = sum(d, c);
      long[] h = sum(b, a);
      return new Point(times(e, f), times(g, h), times(f, g), times(e, h));
    }

    /** Public from here on: the JDK's numbers will do. */
    byte[] encoded() {
      long[] inverse = inverse(z);
      byte[] encoded = bytes(value(times(y, inverse)));
      boolean odd = value(times(x, inverse)).testBit(0);
      encoded[ENCODED_BYTES - 1] |= (byte) (odd ? 0x80 : 0);
      return encoded;
    }
  }

  /** Exchanges the two points where bit is 1, with the same steps where it is 0. */
  private static void swap(Point left, Point right, long bit) {
    swap(left.x, right.x, bit);
    swap(left.y, right.y, bit);
    swap(left.z, right.z, bit);
    swap(left.t, right.t, bit);
  }

  private static void swap(long[] left, long[] right, long bit) {
    long mask = -bit;
    for (int i = 0; i < LIMBS; i++) {
      long difference = mask & (left[i] ^ right[i]);
      left[i] ^= difference;
      right[i] ^= difference;
    }
  }

  private static long[] sum(long[] left, long[] right) {
    long[] sum = new long[LIMBS];
    for (int i = 0; i < LIMBS; i++) {
      sum[i] = left[i] + right[i];
    }
    return sum;
  }

  private static long[] minus(long[] left, long[] right) {
    long[] difference = new long[LIMBS];
    for (int i = 0; i < LIMBS; i++) {
      difference[i] = left[i] - right[i];
    }
    return difference;
  }

  /** Limbs of up to 20 bits give products below 2^50, and 2^256 is 38 in this field. */
  private static long[] times(long[] left, long[] right) {
    long[] product = new long[2 * LIMBS];
    for (int i = 0; i < LIMBS; i++) {
      long factor = left[i];
      for (int j = 0; j < LIMBS; j++) {
        product[i + j] += factor * right[j];
      }
    }
    long[] folded = new long[LIMBS];
    for (int i = 0; i < LIMBS; i++) {
      folded[i] = product[i] + 38 * product[i + LIMBS];
    }
    carry(folded);
    carry(folded);
    return folded;
  }

  /** What is above 16 bits goes to the next limb, the last one's to the first. */
  private static void carry(long[] limbs) {
    for (int i = 0; i < LIMBS; i++) {
      long over = limbs[i] >> 16;
      limbs[i] &= 0xffff;
      if (i < LIMBS - 1) {
        limbs[i + 1] += over;
      } else {
        limbs[0] += 38 * over;
      }
    }
  }

  /** To the power of p - 2 = 2^255 - 21, whose bits are ones but for bits 2 and 4 (Fermat). */
  private static long[] inverse(long[] number) {
    long[] power = number;
    for (int i = 253; i >= 0; i--) {
      power = times(power, power);
      if (i != 2 && i != 4) {
        power = times(power, number);
      }
    }
    return power;
  }

  private static long[] one() {
    return limbs(BigInteger.ONE);
  }

  private static long[] limbs(BigInteger number) {
    long[] limbs = new long[LIMBS];
    for (int i = 0; i < LIMBS; i++) {
      limbs[i] = number.shiftRight(16 * i).longValue() & 0xffff;
    }
    return limbs;
  }

  private static BigInteger value(long[] limbs) {
    BigInteger value = BigInteger.ZERO;
    for (int i = LIMBS - 1; i >= 0; i--) {
      value = value.shiftLeft(16).add(BigInteger.valueOf(limbs[i]));
    }
    return value.mod(PRIME);
  }
}
