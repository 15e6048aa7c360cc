package dev.pooler.postgres.console;

import dev.pooler.core.console.Command;
import dev.pooler.core.console.CommandReader;
import dev.pooler.core.session.SqlFailure;
import dev.pooler.postgres.codec.Strings;
import io.netty.buffer.ByteBuf;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The statements and portals of one console client. Bodies are read from their reader index on. */
final class Prepared {
  /** More statements and portals than a driver has at a console. */
  private static final int MOST = 256;

  private final Map<String, Command> statements = new HashMap<>();
  private final Map<String, Portal> portals = new HashMap<>();

  /** What is wrong with a Parse, or null: the statement is there. */
  @Nullable SqlFailure parse(ByteBuf body) {
    String name = string(body);
    String sql = string(body);
    if (!name.isEmpty() && statements.containsKey(name)) {
      return SqlFailure.error("42P05", 1105, "prepared statement \"" + name + "\" already exists");
    }
    if (statements.size() >= MOST) {
      return SqlFailure.error("53400", 1105, "more than " + MOST + " prepared statements");
    }
    return switch (CommandReader.read(sql)) {
      case CommandReader.Read.Wrong wrong -> wrong.failure();
      case CommandReader.Read.Commands read -> {
        if (read.commands().size() > 1) {
          yield SqlFailure.error(
              "42601", 1064, "cannot insert multiple commands into a prepared statement");
        }
        statements.put(name, read.commands().getFirst());
        yield null;
      }
    };
  }

  /** What is wrong with a Bind, or null: the portal is there. */
  @Nullable SqlFailure bind(ByteBuf body) {
    String portal = string(body);
    String name = string(body);
    Command command = statements.get(name);
    if (command == null) {
      return unknown(true, name);
    }
    if (portals.size() >= MOST) {
      return SqlFailure.error("53400", 1105, "more than " + MOST + " portals");
    }
    body.skipBytes(2 * body.readUnsignedShort());
    if (body.readUnsignedShort() != 0) {
      return SqlFailure.error("08P01", 1105, "the console's commands take no parameters");
    }
    portals.put(portal, new Portal(command, Formats.read(body)));
    return null;
  }

  /** Close: what is not there is closed too. */
  void close(ByteBuf body) {
    if (body.readByte() == 'S') {
      statements.remove(string(body));
    } else {
      portals.remove(string(body));
    }
  }

  @Nullable Command statement(String name) {
    return statements.get(name);
  }

  @Nullable Portal portal(String name) {
    return portals.get(name);
  }

  /** The end of a batch: portals live as long as their transaction, and here that is one batch. */
  void endPortals() {
    portals.clear();
  }

  /** A simple query ends what has no name. */
  void endUnnamed() {
    statements.remove("");
    portals.remove("");
  }

  static SqlFailure unknown(boolean statement, String name) {
    return statement
        ? SqlFailure.error("26000", 1243, "prepared statement \"" + name + "\" does not exist")
        : SqlFailure.error("34000", 1105, "portal \"" + name + "\" does not exist");
  }

  /** Takes the next zero-terminated string. */
  static String string(ByteBuf body) {
    int end = Strings.end(body, body.readerIndex(), body.writerIndex());
    String text = Strings.read(body, body.readerIndex(), body.writerIndex());
    body.readerIndex(end + 1);
    return text;
  }
}
