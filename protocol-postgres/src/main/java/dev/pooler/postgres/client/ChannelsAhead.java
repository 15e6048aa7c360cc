package dev.pooler.postgres.client;

import dev.pooler.postgres.codec.PgFrameFormat;
import dev.pooler.postgres.codec.Strings;
import dev.pooler.postgres.message.Frontend;
import dev.pooler.postgres.statement.StatementMeaning;
import io.netty.buffer.ByteBuf;

/**
 * Tells whether what a listening client has sent may touch channels. Inside a batch of the extended
 * protocol nothing of ours could be put in front of a statement without being a part of its
 * transaction, so a batch is looked at as a whole, from its first message to its Sync; one whose
 * Sync is not here yet may do anything. Confined to the session's loop.
 */
final class ChannelsAhead {
  private final PgFrontDoor door;
  private final StatementJudge judge;
  private final PreparedTraffic prepared;

  ChannelsAhead(PgFrontDoor door, StatementJudge judge, PreparedTraffic prepared) {
    this.door = door;
    this.judge = judge;
    this.prepared = prepared;
  }

  /** The message from {@code index}, and where it begins a batch all of that. */
  boolean touchesChannels(int type, ByteBuf in, int index, int available) {
    return switch (type) {
      case Frontend.QUERY ->
          PgFrameFormat.FRONTEND.length(in, index) > available
              || text(in, index + PgFrameFormat.HEADER, index + available);
      case Frontend.FUNCTION_CALL -> true;
      default -> batch(in, index);
    };
  }

  private boolean batch(ByteBuf in, int index) {
    int at = index;
    int end = in.writerIndex();
    while (end - at >= PgFrameFormat.HEADER) {
      int type = PgFrameFormat.FRONTEND.type(in, at);
      long length = PgFrameFormat.FRONTEND.length(in, at);
      if (type == Frontend.SYNC) {
        return false;
      }
      if (length > end - at || touches(type, in, at, at + (int) length)) {
        return true;
      }
      at += (int) length;
    }
    return true;
  }

  private boolean touches(int type, ByteBuf in, int index, int end) {
    int body = index + PgFrameFormat.HEADER;
    return switch (type) {
      case Frontend.PARSE -> text(in, Strings.end(in, body, end) + 1, end);
      case Frontend.BIND -> {
        StatementMeaning bound = prepared.bound(in, body, end);
        yield bound != null && judge.touchesChannels(bound);
      }
      case Frontend.DESCRIBE, Frontend.EXECUTE, Frontend.CLOSE, Frontend.FLUSH -> false;
      default -> true;
    };
  }

  private boolean text(ByteBuf in, int text, int end) {
    int zero = Strings.end(in, text, end);
    return judge.touchesChannels(judge.read(door.rules(), in, text, zero));
  }
}
