package dev.pooler.server.http;

import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What HTTP tells and asks. Called on virtual threads, several at once; may block. */
public interface HttpEndpoints {

  /** Writes the metrics in Prometheus' text format 0.0.4. */
  void metrics(OutputStream out) throws IOException;

  /** Why no client should be sent here (no usable target, draining), in one line; null: ready. */
  @Nullable String notReady();

  /** The pools as JSON text. */
  String pools();

  /** All sessions in short as JSON text; statements may be secret. */
  String sessions();

  /** The whole state of one as JSON text; null where there is none of this number. */
  @Nullable String session(long id);

  /** All pins of sessions as JSON text; statements may be secret. */
  String pins();

  /** Begins to drain and returns at once; a second call changes nothing. */
  void drain();

  /** Reads the configuration again. Returns what is wrong with it; empty: it is in use now. */
  List<String> reload();
}
