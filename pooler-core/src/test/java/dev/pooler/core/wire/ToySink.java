package dev.pooler.core.wire;

import io.netty.buffer.ByteBuf;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Decides by the frame's letter and writes down what it was asked and given.
 *
 * <pre>
 *   F forwarded    I inspected whole, forwarded      P inspected to the first body byte, forwarded
 *   D dropped      J inspected whole, dropped        Q inspected to the first body byte, dropped
 * </pre>
 */
final class ToySink implements FrameSink {
  final List<String> effects = new ArrayList<>();
  final ByteArrayOutputStream forwarded = new ByteArrayOutputStream();

  @Override
  public Verdict header(int type, long length) {
    return switch (type) {
      case 'F' -> Verdict.FORWARD;
      case 'D' -> Verdict.DROP;
      default -> Verdict.INSPECT;
    };
  }

  @Override
  public int inspectLength(int type, long length) {
    return type == 'P' || type == 'Q'
        ? (int) Math.min(length, ToyFormat.HEADER + 1)
        : Math.toIntExact(length);
  }

  @Override
  public void passing(int type, long length) {
    effects.add("passing " + (char) type + " " + length);
  }

  @Override
  public Verdict inspect(int type, long length, ByteBuf in, int index, int available) {
    int wanted = inspectLength(type, length);
    if (available < wanted || available > length) {
      throw new AssertionError(available + " bytes shown of " + length + ", wanted " + wanted);
    }
    // Of what is shown only the promised part: the rest depends on how the stream was cut.
    String seen =
        in.toString(
            index + ToyFormat.HEADER, wanted - ToyFormat.HEADER, StandardCharsets.ISO_8859_1);
    effects.add("inspect " + (char) type + " " + length + " " + seen);
    return type == 'I' || type == 'P' ? Verdict.FORWARD : Verdict.DROP;
  }

  @Override
  public void forward(ByteBuf in, int index, int length) {
    byte[] part = new byte[length];
    in.getBytes(index, part);
    forwarded.writeBytes(part);
  }

  String forwardedText() {
    return forwarded.toString(StandardCharsets.ISO_8859_1);
  }
}
