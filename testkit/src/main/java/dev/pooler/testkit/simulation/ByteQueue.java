package dev.pooler.testkit.simulation;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;

/** Bytes in flight, first in, first out. */
public final class ByteQueue {
  private byte[] bytes = new byte[256];
  private int head;
  private int size;

  public int size() {
    return size;
  }

  public void add(byte[] source, int from, int length) {
    room(length);
    System.arraycopy(source, from, bytes, head + size, length);
    size += length;
  }

  public void add(byte[] source) {
    add(source, 0, source.length);
  }

  /** Takes {@code length} bytes of {@code source}, moving its reader index. */
  void add(ByteBuf source, int length) {
    room(length);
    source.readBytes(bytes, head + size, length);
    size += length;
  }

  void moveTo(ByteBuf target, int length) {
    target.writeBytes(bytes, head, length);
    skip(length);
  }

  public void moveTo(ByteQueue target, int length) {
    target.add(bytes, head, length);
    skip(length);
  }

  /** The byte at {@code offset} from the head. */
  public int at(int offset) {
    return bytes[head + offset] & 0xff;
  }

  /** The big-endian int at {@code offset} from the head. */
  public int intAt(int offset) {
    return at(offset) << 24 | at(offset + 1) << 16 | at(offset + 2) << 8 | at(offset + 3);
  }

  public byte[] take(int length) {
    byte[] taken = Arrays.copyOfRange(bytes, head, head + length);
    skip(length);
    return taken;
  }

  public void clear() {
    head = 0;
    size = 0;
  }

  private void skip(int length) {
    head += length;
    size -= length;
    if (size == 0) {
      head = 0;
    }
  }

  private void room(int length) {
    if (head + size + length > bytes.length) {
      byte[] to = size + length > bytes.length / 2 ? new byte[2 * (size + length)] : bytes;
      System.arraycopy(bytes, head, to, 0, size);
      bytes = to;
      head = 0;
    }
  }
}
