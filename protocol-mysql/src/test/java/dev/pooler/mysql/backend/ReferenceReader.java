package dev.pooler.mysql.backend;

import dev.pooler.mysql.packet.Capabilities;
import dev.pooler.mysql.packet.Command;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * A client that reads an answer plainly: all of it is here, payloads are arrays, each capability
 * has its own branch where the protocol's documentation has one. It tells what it reads as
 * sentences that are the same for each way of writing the same answer.
 */
final class ReferenceReader {
  private final boolean deprecateEof;
  private final boolean tracking;
  private final boolean optionalPrepared;
  private final boolean optionalColumns;
  private final byte[] bytes;
  private final List<String> told = new ArrayList<>();
  private int at;
  private int sequence;

  /** Of an OK or EOF. */
  private int status;

  ReferenceReader(long capabilities, byte[] bytes) {
    this.deprecateEof = Capabilities.has(capabilities, Capabilities.DEPRECATE_EOF);
    this.tracking = Capabilities.has(capabilities, Capabilities.SESSION_TRACK);
    this.optionalPrepared =
        Capabilities.has(capabilities, Capabilities.OPTIONAL_RESULTSET_METADATA);
    this.optionalColumns =
        optionalPrepared || Capabilities.has(capabilities, Capabilities.CACHE_METADATA);
    this.bytes = bytes;
  }

  /** What the answer says; nothing may be left behind it. */
  static List<String> read(long capabilities, int command, byte[] bytes) {
    return read(capabilities, command, bytes, new int[0]);
  }

  /**
   * @param files for each file that is asked for, the packets that the client sends
   */
  static List<String> read(long capabilities, int command, byte[] bytes, int... files) {
    var reader = new ReferenceReader(capabilities, bytes);
    reader.sequence = 1;
    reader.answer(command, files);
    if (reader.at != bytes.length) {
      throw new AssertionError("left: " + (bytes.length - reader.at) + " of " + bytes.length);
    }
    return reader.told;
  }

  private void answer(int command, int[] files) {
    switch (command) {
      case Command.QUIT, Command.STMT_CLOSE, Command.STMT_SEND_LONG_DATA -> {}
      case Command.STMT_PREPARE -> prepared();
      case Command.STMT_FETCH -> rows();
      case Command.FIELD_LIST -> rows();
      case Command.STATISTICS -> told.add("text " + new String(next(), StandardCharsets.UTF_8));
      case Command.QUERY, Command.STMT_EXECUTE -> results(command, files);
      default -> {
        byte[] payload = next();
        if (!failed(payload)) {
          end(payload);
        }
      }
    }
  }

  private void results(int command, int[] files) {
    int file = 0;
    boolean more = true;
    while (more) {
      byte[] payload = next();
      if (failed(payload)) {
        return;
      }
      if (payload[0] == (byte) 0xfb) {
        told.add("file " + new String(payload, 1, payload.length - 1, StandardCharsets.UTF_8));
        sequence += files[file++];
        payload = next();
        if (failed(payload)) {
          return;
        }
      }
      if (payload[0] == 0) {
        end(payload);
        more = (status & Packets.MORE) != 0;
        continue;
      }
      int[] number = {0};
      long columns = number(payload, number);
      boolean follows = !optionalColumns || payload[number[0]] != 0;
      told.add("columns " + columns + (follows ? "" : " not defined"));
      if (follows) {
        definitions(columns);
      }
      int behindColumns = 0;
      if (!deprecateEof) {
        byte[] eof = next();
        if (!isEof(eof)) {
          throw new AssertionError("no EOF behind the columns: " + HexFormat.of().formatHex(eof));
        }
        behindColumns = shortAt(eof, 3);
        if (command == Command.STMT_EXECUTE && (behindColumns & Packets.CURSOR) != 0) {
          end(eof);
          more = (status & Packets.MORE) != 0;
          continue;
        }
      }
      int rows = told.size();
      if (!rows()) {
        return;
      }
      boolean out = ((deprecateEof ? status : behindColumns) & Packets.OUT) != 0;
      if (out) {
        told.add(rows, "OUT parameters");
      }
      more = (status & Packets.MORE) != 0;
    }
  }

  /** True if an EOF, or an OK in its place, ended them. */
  private boolean rows() {
    while (true) {
      byte[] payload = next();
      if (failed(payload)) {
        return false;
      }
      if (payload[0] == (byte) 0xfe && payload.length < (deprecateEof ? 0xffffff : 9)) {
        end(payload);
        return true;
      }
      told.add("row " + hex(payload));
    }
  }

  private void prepared() {
    byte[] payload = next();
    if (failed(payload)) {
      return;
    }
    int columns = shortAt(payload, 5);
    int parameters = shortAt(payload, 7);
    boolean follows = !optionalPrepared || payload[12] != 0;
    told.add("prepared " + hex(payload));
    for (int count : new int[] {parameters, columns}) {
      if (count > 0) {
        if (follows) {
          definitions(count);
        }
        if (!deprecateEof && !isEof(next())) {
          throw new AssertionError("no EOF behind " + count + " definitions");
        }
      }
    }
  }

  private void definitions(long count) {
    for (long i = 0; i < count; i++) {
      told.add("definition " + hex(next()));
    }
  }

  private boolean failed(byte[] payload) {
    if (payload[0] != (byte) 0xff) {
      return false;
    }
    told.add(
        "error "
            + shortAt(payload, 1)
            + " "
            + new String(payload, 3, payload.length - 3, StandardCharsets.UTF_8));
    return true;
  }

  private static boolean isEof(byte[] payload) {
    return payload[0] == (byte) 0xfe && payload.length == 5;
  }

  private void end(byte[] payload) {
    if (isEof(payload)) {
      status = shortAt(payload, 3);
      told.add("end " + (status & ~Packets.CHANGED) + " " + shortAt(payload, 1));
      return;
    }
    int[] index = {1};
    long affected = number(payload, index);
    long id = number(payload, index);
    status = shortAt(payload, index[0]);
    int warnings = shortAt(payload, index[0] + 2);
    index[0] += 4;
    String info = index[0] < payload.length ? text(payload, index) : "";
    if (tracking && (status & Packets.CHANGED) != 0) {
      text(payload, index);
    } else if ((status & Packets.CHANGED) != 0) {
      throw new AssertionError("something has changed, and nobody may tell what");
    }
    if (index[0] != payload.length) {
      throw new AssertionError("behind an OK: " + hex(payload));
    }
    String end = (status & ~Packets.CHANGED) + " " + warnings;
    if (payload[0] == 0) {
      told.add("ok " + affected + " " + id + " " + end + " " + info);
    } else {
      told.add("end " + end);
    }
  }

  /** The next payload, whole; progress is skipped. */
  private byte[] next() {
    byte[] payload = new byte[0];
    int length;
    do {
      if (bytes.length - at < 4) {
        throw new AssertionError("the answer ends too early, behind " + told);
      }
      length = shortAt(bytes, at) | (bytes[at + 2] & 0xff) << 16;
      int number = bytes[at + 3] & 0xff;
      if (number != (sequence & 0xff)) {
        throw new AssertionError("packet " + number + " for " + (sequence & 0xff) + ": " + told);
      }
      sequence++;
      int end = payload.length;
      payload = Arrays.copyOf(payload, end + length);
      System.arraycopy(bytes, at + 4, payload, end, length);
      at += 4 + length;
    } while (length == 0xffffff);
    boolean progress = payload[0] == (byte) 0xff && shortAt(payload, 1) == 0xffff;
    return progress ? next() : payload;
  }

  private static String text(byte[] payload, int[] index) {
    int length = (int) number(payload, index);
    String text = new String(payload, index[0], length, StandardCharsets.ISO_8859_1);
    index[0] += length;
    return text;
  }

  private static long number(byte[] payload, int[] index) {
    int first = payload[index[0]++] & 0xff;
    int bytes = first < 251 ? 0 : first == 252 ? 2 : first == 253 ? 3 : 8;
    long number = bytes == 0 ? first : 0;
    for (int i = 0; i < bytes; i++) {
      number |= (payload[index[0]++] & 0xffL) << (8 * i);
    }
    return number;
  }

  private static int shortAt(byte[] payload, int index) {
    return (payload[index] & 0xff) | (payload[index + 1] & 0xff) << 8;
  }

  private static String hex(byte[] payload) {
    return payload.length > 2000
        ? payload.length + " bytes, hash " + Arrays.hashCode(payload)
        : HexFormat.of().formatHex(payload);
  }
}
