package dev.pooler.mysql.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.core.wire.FrameSink;
import dev.pooler.core.wire.FrameWalker;
import dev.pooler.core.wire.Verdict;
import dev.pooler.mysql.codec.PacketFormat;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;

/**
 * A backend leg as a relay would have it: real walker, {@link MyResponse}, {@link
 * ResponseRewriter}, and what reaches the client.
 */
final class ResponseWalk implements FrameSink, AutoCloseable {
  private final UnpooledByteBufAllocator memory = new UnpooledByteBufAllocator(false, false);
  private final FrameWalker walker = new FrameWalker(PacketFormat.PACKET, this);
  private final ByteBuf front = memory.heapBuffer();
  final BackendStatus status = new BackendStatus();
  final MyResponse response;
  final ResponseRewriter rewriter;

  /** Roles, in order, with what else is to be compared. */
  final List<String> told = new ArrayList<>();

  private final ByteArrayOutputStream client = new ByteArrayOutputStream();

  /** The largest part of a packet that was asked for. */
  int largestInspected;

  ResponseWalk(long backend, long client) {
    response = new MyResponse(backend, status);
    rewriter = new ResponseRewriter(response, status, memory, backend, client);
  }

  /** One answer on equal legs. */
  static ResponseWalk of(long capabilities, int command, byte[] answer, int... cuts) {
    return of(capabilities, capabilities, command, answer, cuts);
  }

  static ResponseWalk of(long backend, long client, int command, byte[] answer, int... cuts) {
    try (var walk = new ResponseWalk(backend, client)) {
      walk.rewriter.begin(command, 1);
      walk.walk(answer, cuts);
      return walk;
    }
  }

  byte[] client() {
    return client.toByteArray();
  }

  ResponseWalk walk(byte[] stream, int... cuts) {
    int from = 0;
    for (int i = 0; i <= cuts.length; i++) {
      int to = i == cuts.length ? stream.length : cuts[i];
      ByteBuf piece = memory.heapBuffer(Math.max(1, to - from)).writeBytes(stream, from, to - from);
      try {
        do {
          walker.walk(piece);
        } while (piece.isReadable());
        assertEquals(1, piece.refCnt());
      } finally {
        piece.release();
      }
      from = to;
    }
    return this;
  }

  /** The client sends a file in these packets and an empty one, numbered as it must see them. */
  void file(int firstSequence, int... payloads) {
    int sequence = firstSequence;
    for (int i = 0; i <= payloads.length; i++) {
      assertTrue(response.awaitsFile());
      int payload = i == payloads.length ? 0 : payloads[i];
      boolean last = response.clientPacket(payload, rewriter.backendSequence(sequence++));
      assertEquals(i == payloads.length, last);
    }
    assertFalse(response.awaitsFile());
  }

  /** The sequence id behind the last packet that the client has got. */
  int clientSequence() {
    byte[] got = client.toByteArray();
    int next = 1;
    for (int at = 0; at < got.length; ) {
      int length = (got[at] & 0xff) | (got[at + 1] & 0xff) << 8 | (got[at + 2] & 0xff) << 16;
      next = (got[at + 3] + 1) & 0xff;
      at += 4 + length;
    }
    return next;
  }

  boolean midFrame() {
    return walker.midFrame();
  }

  @Override
  public void close() {
    walker.close();
    rewriter.close();
    front.release();
    assertEquals(0, memory.metric().usedHeapMemory());
  }

  @Override
  public Verdict header(int type, long length) {
    return Verdict.INSPECT;
  }

  @Override
  public int inspectLength(int type, long length) {
    return response.inspectLength(length);
  }

  @Override
  public void passing(int type, long length) {
    throw new AssertionError("all packets are inspected");
  }

  @Override
  public Verdict inspect(int type, long length, ByteBuf in, int index, int available) {
    largestInspected = Math.max(largestInspected, response.inspectLength(length));
    PacketRole role = response.packet(in, index, length, available);
    if (role == PacketRole.INCOMPLETE) {
      return Verdict.WAIT;
    }
    told.add(role.name() + (response.over() ? " over" : ""));
    if (response.over()) {
      assertTrue(available == length || role == PacketRole.REST, "whole: " + role);
    }
    Verdict verdict = rewriter.packet(role, in, index, (int) length, front);
    if (front.isReadable()) {
      walker.forwardPassed(in, index);
      forward(front, front.readerIndex(), front.readableBytes());
      front.clear();
    }
    return verdict;
  }

  @Override
  public void forward(ByteBuf in, int index, int length) {
    byte[] part = new byte[length];
    in.getBytes(index, part);
    client.writeBytes(part);
  }
}
