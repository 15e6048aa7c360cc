package dev.pooler.postgres.console;

import dev.pooler.core.console.Answer;
import dev.pooler.core.console.Column;
import dev.pooler.core.console.Command;
import dev.pooler.core.console.CommandReader;
import dev.pooler.core.console.Console;
import dev.pooler.core.console.Rights;
import dev.pooler.core.observe.SessionCounters;
import dev.pooler.core.session.CloseReason;
import dev.pooler.core.session.SqlFailure;
import dev.pooler.core.wire.ProtocolViolation;
import dev.pooler.postgres.cancel.CancelKey;
import dev.pooler.postgres.codec.Messages;
import dev.pooler.postgres.codec.PgFrameFormat;
import dev.pooler.postgres.message.BackendType;
import dev.pooler.postgres.message.Frontend;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A client of the console after its login: simple queries, and the extended protocol as far as
 * drivers need it, without parameters. Commands run on virtual threads, one at a time; while one
 * runs, or its answer is not read, the client isn't read either. Confined to its loop.
 */
public final class PgConsoleHandler extends ByteToMessageDecoder {
  private static final Logger LOG = LoggerFactory.getLogger(PgConsoleHandler.class);

  /** Commands are short. */
  private static final int LARGEST = 64 * 1024;

  private final Console console;
  private final Rights rights;
  private final String user;
  private final SessionCounters counters;
  private final Prepared prepared = new Prepared();
  private @Nullable ChannelHandlerContext context;

  /** A command runs: what comes behind it waits. */
  private boolean running;

  /** A batch has failed: all up to its Sync is dropped. */
  private boolean skipping;

  /** The client has said BEGIN; it means nothing here, but drivers look at it. */
  private boolean inBlock;

  private boolean over;

  public PgConsoleHandler(Console console, Rights rights, String user, SessionCounters counters) {
    this.console = console;
    this.rights = rights;
    this.user = user;
    this.counters = counters;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    context = ctx;
  }

  /**
   * The end of the login. The version is one that drivers and psql have known for years, so that
   * they take their ordinary ways; ours stands behind it.
   *
   * @param key any: nothing here can be cancelled
   */
  public void welcome(CancelKey key) {
    ByteBuf out = context().alloc().buffer(512);
    Messages.authentication(out, 0, new byte[0]);
    Messages.parameterStatus(out, "server_version", "13.0 (" + console.version() + " console)");
    Messages.parameterStatus(out, "server_encoding", "UTF8");
    Messages.parameterStatus(out, "client_encoding", "UTF8");
    Messages.parameterStatus(out, "DateStyle", "ISO");
    Messages.parameterStatus(out, "TimeZone", "GMT");
    Messages.parameterStatus(out, "integer_datetimes", "on");
    Messages.parameterStatus(out, "standard_conforming_strings", "on");
    Messages.parameterStatus(out, "is_superuser", rights == Rights.ADMIN ? "on" : "off");
    Messages.backendKeyData(out, key);
    Messages.readyForQuery(out, 'I');
    context().writeAndFlush(out);
  }

  @Override
  protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> ignored) {
    if (over) {
      in.skipBytes(in.readableBytes());
      return;
    }
    if (running || !ctx.channel().isWritable() || in.readableBytes() < PgFrameFormat.HEADER) {
      return;
    }
    try {
      int type = PgFrameFormat.FRONTEND.type(in, in.readerIndex());
      long length = PgFrameFormat.FRONTEND.length(in, in.readerIndex());
      if (length > LARGEST) {
        fail(SqlFailure.tooLarge("a command of more than " + LARGEST + " bytes"));
      } else if (in.readableBytes() >= length) {
        ByteBuf body = in.readSlice((int) length).skipBytes(PgFrameFormat.HEADER);
        onMessage(type, body);
      }
    } catch (ProtocolViolation | IndexOutOfBoundsException e) {
      fail(SqlFailure.protocolViolation(String.valueOf(e.getMessage())));
    }
  }

  private void onMessage(int type, ByteBuf body) {
    if (skipping && type != Frontend.SYNC && type != Frontend.TERMINATE) {
      return;
    }
    switch (type) {
      case Frontend.QUERY -> onQuery(Prepared.string(body));
      case Frontend.PARSE -> answer(prepared.parse(body), BackendType.PARSE_COMPLETE);
      case Frontend.BIND -> answer(prepared.bind(body), BackendType.BIND_COMPLETE);
      case Frontend.DESCRIBE -> onDescribe(body);
      case Frontend.EXECUTE -> onExecute(Prepared.string(body), body.readInt());
      case Frontend.CLOSE -> {
        prepared.close(body);
        answer(null, BackendType.CLOSE_COMPLETE);
      }
      case Frontend.SYNC -> {
        skipping = false;
        if (!inBlock) {
          prepared.endPortals();
        }
        ready(context().alloc().buffer(8));
      }
      case Frontend.FLUSH -> context().flush();
      case Frontend.TERMINATE -> end(CloseReason.CLIENT_TERMINATED);
      case Frontend.FUNCTION_CALL -> {
        ByteBuf out = context().alloc().buffer(128);
        Messages.error(out, SqlFailure.error("0A000", 1235, "the console has no functions"));
        ready(out);
      }
      default -> {} // what is left of a COPY that was never begun
    }
  }

  // --- simple queries ------------------------------------------------------------------------

  private void onQuery(String sql) {
    ByteBuf out = context().alloc().buffer(512);
    prepared.endUnnamed();
    switch (CommandReader.read(sql)) {
      case CommandReader.Read.Wrong wrong -> {
        Messages.error(out, wrong.failure());
        ready(out);
      }
      case CommandReader.Read.Commands read -> {
        List<Command> done = new ArrayList<>();
        run(
            out,
            () -> {
              for (Command command : read.commands()) {
                if (!runSimple(command, out)) {
                  return;
                }
                done.add(command);
              }
            },
            () -> {
              done.forEach(this::follow);
              ready(out);
            });
      }
    }
  }

  /** On a virtual thread. False: it failed, and what stands behind it is not done. */
  private boolean runSimple(Command command, ByteBuf out) {
    Answer answer = console.run(command, rights, user);
    if (answer instanceof Answer.Rows rows) {
      ConsoleMessages.rowDescription(out, command.columns(), Formats.TEXT);
      rows.rows()
          .forEach(row -> ConsoleMessages.dataRow(out, command.columns(), row, Formats.TEXT));
    }
    return finish(command, answer, out);
  }

  /** What ends every command: a tag, or an error. */
  private static boolean finish(Command command, Answer answer, ByteBuf out) {
    switch (answer) {
      case Answer.Failed failed -> {
        Messages.error(out, failed.failure());
        return false;
      }
      case Answer.Done(Answer.@Nullable Notice notice) -> {
        if (notice != null) {
          ConsoleMessages.notice(out, notice);
        }
      }
      case Answer.Rows rows -> {}
    }
    if (command instanceof Command.Empty) {
      ConsoleMessages.bare(out, BackendType.EMPTY_QUERY_RESPONSE);
    } else {
      ConsoleMessages.commandComplete(out, command.tag());
    }
    return true;
  }

  private void follow(Command command) {
    if (command instanceof Command.Quiet quiet) {
      inBlock =
          switch (quiet.block()) {
            case STAYS -> inBlock;
            case OPENS -> true;
            case ENDS -> false;
          };
    }
  }

  // --- the extended protocol -----------------------------------------------------------------

  private void answer(@Nullable SqlFailure failure, int done) {
    ByteBuf out = context().alloc().buffer(128);
    if (failure == null) {
      ConsoleMessages.bare(out, done);
    } else {
      Messages.error(out, failure);
      skipping = true;
    }
    context().write(out);
  }

  private void onDescribe(ByteBuf body) {
    boolean statement = body.readByte() == 'S';
    String name = Prepared.string(body);
    Portal portal = statement ? null : prepared.portal(name);
    Command command = statement ? prepared.statement(name) : portal == null ? null : portal.command;
    if (command == null) {
      answer(Prepared.unknown(statement, name), 0);
      return;
    }
    ByteBuf out = context().alloc().buffer(512);
    if (statement) {
      ConsoleMessages.noParameters(out);
    }
    List<Column> columns = command.columns();
    if (columns.isEmpty()) {
      ConsoleMessages.bare(out, BackendType.NO_DATA);
    } else {
      ConsoleMessages.rowDescription(out, columns, portal == null ? Formats.TEXT : portal.formats);
    }
    context().write(out);
  }

  private void onExecute(String name, int most) {
    Portal portal = prepared.portal(name);
    if (portal == null) {
      answer(Prepared.unknown(false, name), 0);
      return;
    }
    ByteBuf out = context().alloc().buffer(512);
    Answer[] told = new Answer[1];
    run(
        out,
        () -> {
          Iterator<List<@Nullable Object>> rest = portal.rest;
          if (rest == null) {
            Answer answer = console.run(portal.command, rights, user);
            told[0] = answer;
            rest = answer instanceof Answer.Rows rows ? rows.rows().iterator() : null;
            portal.rest = rest;
          }
          boolean suspended = rest != null && send(portal, rest, most, out);
          if (suspended) {
            ConsoleMessages.bare(out, BackendType.PORTAL_SUSPENDED);
          } else {
            finish(portal.command, told[0] == null ? Answer.done() : told[0], out);
          }
        },
        () -> {
          skipping |= told[0] instanceof Answer.Failed;
          follow(portal.command);
          context().write(out);
        });
  }

  /** True if rows are left because of the limit. */
  private static boolean send(
      Portal portal, Iterator<List<@Nullable Object>> rest, int most, ByteBuf out) {
    int sent = 0;
    while (rest.hasNext()) {
      if (most > 0 && sent == most) {
        return true;
      }
      ConsoleMessages.dataRow(out, portal.command.columns(), rest.next(), portal.formats);
      sent++;
    }
    return false;
  }

  // --- running -------------------------------------------------------------------------------

  /**
   * Runs a command away from the loop and goes on here when it is done. The buffer is the command's
   * until then, ours afterwards.
   */
  private void run(ByteBuf out, Runnable command, Runnable then) {
    running = true;
    ChannelHandlerContext ctx = context();
    ctx.channel().config().setAutoRead(false);
    Thread.ofVirtual()
        .name("pooler-console")
        .start(() -> {
          try {
            command.run();
          } catch (RuntimeException e) {
            LOG.error("a command of the console failed by a fault of ours", e);
            Messages.error(out, SqlFailure.error("XX000", 1105, "internal error: " + e));
          }
          ctx.executor()
              .execute(() -> {
                running = false;
                if (over) {
                  out.release();
                  return;
                }
                then.run();
                goOn(ctx);
              });
        });
  }

  private void ready(ByteBuf out) {
    Messages.readyForQuery(out, inBlock ? 'T' : 'I');
    context().writeAndFlush(out);
  }

  /** Reads on, first what has come meanwhile. */
  private void goOn(ChannelHandlerContext ctx) {
    if (!running && !over && ctx.channel().isWritable()) {
      ctx.channel().config().setAutoRead(true);
      try {
        channelRead(ctx, Unpooled.EMPTY_BUFFER);
      } catch (Exception e) {
        exceptionCaught(ctx, e);
      }
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    if (!ctx.channel().isWritable()) {
      ctx.channel().config().setAutoRead(false);
    }
    goOn(ctx);
  }

  private ChannelHandlerContext context() {
    ChannelHandlerContext ctx = context;
    if (ctx == null) {
      throw new IllegalStateException("the console's handler is in no pipeline");
    }
    return ctx;
  }

  // --- the end -------------------------------------------------------------------------------

  private void fail(SqlFailure failure) {
    ByteBuf out = context().alloc().buffer(128);
    Messages.error(out, failure.asFatal());
    context().write(out);
    end(CloseReason.CLIENT_PROTOCOL_VIOLATION);
  }

  private void end(CloseReason reason) {
    if (!over) {
      over = true;
      counters.closed(Console.NAME, reason);
      context().writeAndFlush(context().alloc().buffer(0)).addListener(ChannelFutureListener.CLOSE);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) throws Exception {
    if (!over) {
      over = true;
      counters.closed(Console.NAME, CloseReason.CLIENT_CLOSED);
    }
    super.channelInactive(ctx);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (!(cause instanceof IOException)) {
      LOG.error("console of {}: closing after a fault of ours", user, cause);
    }
    ctx.close();
  }
}
