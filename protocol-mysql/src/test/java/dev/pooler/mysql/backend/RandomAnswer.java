package dev.pooler.mysql.backend;

import dev.pooler.mysql.packet.Capabilities;
import dev.pooler.mysql.packet.Command;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * An answer that a server with DEPRECATE_EOF and SESSION_TRACK may give, in turns with the client's
 * files.
 */
final class RandomAnswer {
  private static final int[] COMMANDS = {
    Command.QUERY,
    Command.QUERY,
    Command.STMT_EXECUTE,
    Command.STMT_EXECUTE,
    Command.STMT_PREPARE,
    Command.STMT_FETCH,
    Command.FIELD_LIST,
    Command.STATISTICS,
    Command.PING,
    Command.SET_OPTION
  };

  final long capabilities;
  final int command;

  /** What the server sends up to each file, and to the end. */
  final List<byte[]> turns = new ArrayList<>();

  /** The payloads of each file's packets, but for the empty one. */
  final List<int[]> files = new ArrayList<>();

  private final RandomGenerator random;
  private final boolean optionalPrepared;
  private final boolean optionalColumns;
  private Packets packets = new Packets();

  RandomAnswer(RandomGenerator random) {
    this.random = random;
    long extras =
        switch (random.nextInt(4)) {
          case 0 -> Capabilities.OPTIONAL_RESULTSET_METADATA;
          case 1 -> Capabilities.CACHE_METADATA | Capabilities.PROGRESS;
          case 2 -> Capabilities.PROGRESS;
          default -> 0;
        };
    capabilities =
        Capabilities.PROTOCOL_41 | Capabilities.DEPRECATE_EOF | Capabilities.SESSION_TRACK | extras;
    optionalPrepared = Capabilities.has(capabilities, Capabilities.OPTIONAL_RESULTSET_METADATA);
    optionalColumns =
        optionalPrepared || Capabilities.has(capabilities, Capabilities.CACHE_METADATA);
    command = COMMANDS[random.nextInt(COMMANDS.length)];
    answer();
    turns.add(packets.toBytes());
  }

  /** All that the server sends. */
  byte[] whole() {
    int length = turns.stream().mapToInt(turn -> turn.length).sum();
    byte[] whole = new byte[length];
    int at = 0;
    for (byte[] turn : turns) {
      System.arraycopy(turn, 0, whole, at, turn.length);
      at += turn.length;
    }
    return whole;
  }

  /** How many packets the client sends for each file. */
  int[] filePackets() {
    return files.stream().mapToInt(file -> file.length + 1).toArray();
  }

  private void answer() {
    if (chance(12)) {
      error();
      return;
    }
    switch (command) {
      case Command.STMT_PREPARE -> prepared();
      case Command.STMT_FETCH -> {
        if (rows(true)) {
          end(status());
        }
      }
      case Command.FIELD_LIST -> {
        packets.definitions(random.nextInt(4));
        end(status());
      }
      case Command.STATISTICS -> packets.payload("Uptime: 1".getBytes(StandardCharsets.UTF_8));
      case Command.PING -> ok(status());
      case Command.SET_OPTION -> end(status());
      default -> results();
    }
  }

  private void results() {
    boolean more = true;
    while (more) {
      more = chance(3);
      int flags = status() | (more ? Packets.MORE : 0);
      if (Capabilities.has(capabilities, Capabilities.PROGRESS) && chance(4)) {
        packets.progress();
      }
      if (chance(12)) {
        error();
        return;
      }
      switch (random.nextInt(4)) {
        case 0 -> ok(flags);
        case 1 -> {
          if (command == Command.QUERY && random.nextBoolean()) {
            file();
            if (chance(4)) {
              error();
              return;
            }
          }
          ok(flags);
        }
        default -> {
          if (!resultSet(flags)) {
            return;
          }
          more = (lastFlags & Packets.MORE) != 0;
        }
      }
    }
  }

  private int lastFlags;

  /** False if an ERR has ended all. */
  private boolean resultSet(int flags) {
    boolean binary = command == Command.STMT_EXECUTE;
    lastFlags = flags;
    int columns = chance(10) ? 251 + random.nextInt(60) : 1 + random.nextInt(3);
    boolean follows = !optionalColumns || random.nextBoolean();
    packets.count(columns, optionalColumns ? new int[] {follows ? 1 : 0} : new int[0]);
    if (follows) {
      packets.definitions(columns);
    }
    if (chance(12)) {
      error();
      return false;
    }
    if (binary && chance(5)) {
      end(flags | Packets.CURSOR);
      return true;
    }
    if (binary && chance(4)) {
      packets.binaryRow("o".repeat(random.nextInt(300)));
      lastFlags = flags | Packets.MORE | Packets.OUT;
      end(lastFlags);
      return true;
    }
    if (!rows(binary)) {
      return false;
    }
    if (chance(6)) {
      packets.eof(flags, 0);
    } else {
      end(flags);
    }
    return true;
  }

  private boolean rows(boolean binary) {
    int count = chance(8) ? random.nextInt(400) : random.nextInt(5);
    for (int i = 0; i < count; i++) {
      if (chance(200)) {
        error();
        return false;
      }
      String text = "x".repeat(chance(30) ? random.nextInt(90_000) : random.nextInt(20));
      if (binary) {
        packets.binaryRow(text);
      } else if (chance(4)) {
        packets.textRow((String) null);
      } else {
        packets.textRow(text);
      }
    }
    return true;
  }

  private void prepared() {
    int columns = random.nextInt(4);
    int parameters = random.nextInt(4);
    boolean follows = !optionalPrepared || random.nextBoolean();
    packets.prepared(
        random.nextInt(),
        columns,
        parameters,
        optionalPrepared ? new int[] {follows ? 1 : 0} : new int[0]);
    if (follows) {
      packets.definitions(parameters);
      packets.definitions(columns);
    }
  }

  private void file() {
    packets.fileRequest("f" + random.nextInt(100));
    turns.add(packets.toBytes());
    int[] payloads = random.ints(random.nextInt(5), 1, 1000).toArray();
    files.add(payloads);
    packets = new Packets(packets.sequence() + payloads.length + 1);
  }

  private void error() {
    packets.err(1000 + random.nextInt(1000), "no".repeat(random.nextInt(30)));
  }

  private void ok(int flags) {
    String info = chance(3) ? "Records: 2".repeat(random.nextInt(40)) : "";
    if (chance(3)) {
      packets.okChanged(0, flags, info, changes());
    } else {
      long affected = chance(5) ? random.nextLong() : random.nextInt(300);
      packets.ok(0, affected, random.nextInt(100_000), flags, random.nextInt(3), info);
    }
  }

  private void end(int flags) {
    if (chance(3)) {
      packets.okChanged(0xfe, flags, "", changes());
    } else {
      packets.ok(0xfe, 0, 0, flags, random.nextInt(3), "");
    }
  }

  private byte[] changes() {
    byte[] changes = new byte[1 + (chance(10) ? random.nextInt(20_000) : random.nextInt(300))];
    Arrays.fill(changes, (byte) random.nextInt(256));
    return changes;
  }

  private int status() {
    return (random.nextInt(4) == 0 ? 1 : 0) | (random.nextInt(4) == 0 ? 0 : 2);
  }

  private boolean chance(int in) {
    return random.nextInt(in) == 0;
  }
}
