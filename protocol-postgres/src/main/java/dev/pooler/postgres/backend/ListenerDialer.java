package dev.pooler.postgres.backend;

import dev.pooler.core.pool.Backend;
import dev.pooler.postgres.listen.ListenerLink;
import io.netty.channel.Channel;
import io.netty.handler.timeout.IdleStateHandler;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/** Connects the backend of a shared listener, outside every pool. Any thread; nothing blocks. */
public final class ListenerDialer implements ListenerLink.Dialer {
  /** Names and payloads come in the encoding that most clients have. */
  private static final Map<String, String> SETTINGS =
      Map.of("client_encoding", "UTF8", "application_name", "pooler listener");

  /** A server that is silent for so long is asked whether it is there. */
  private static final long SILENCE_SECONDS = 20;

  private final PgConnector connector;

  public ListenerDialer(PgConnector connector) {
    this.connector = connector.with(SETTINGS);
  }

  @Override
  public CompletionStage<ListenerLink> dial(ListenerLink.Events events) {
    CompletableFuture<ListenerLink> made = new CompletableFuture<>();
    // A secret may come from a file or a program.
    Thread.ofVirtual().name("pooler-listener").start(() -> connect(events, made));
    return made;
  }

  private void connect(ListenerLink.Events events, CompletableFuture<ListenerLink> made) {
    connector
        .connect()
        .whenComplete((backend, failure) -> {
          if (failure == null) {
            backend.channel().eventLoop().execute(() -> made.complete(install(backend, events)));
          } else {
            made.completeExceptionally(failure);
          }
        });
  }

  private static ListenerLink install(Backend backend, ListenerLink.Events events) {
    Channel channel = backend.channel();
    if (channel.pipeline().get("backend") != null) {
      channel.pipeline().remove("backend");
    }
    ListenerHandler handler = new ListenerHandler(channel, ((PgBackend) backend).speaker(), events);
    channel
        .pipeline()
        .addLast(new IdleStateHandler(SILENCE_SECONDS, 0, 0, TimeUnit.SECONDS), handler);
    handler.begin();
    return handler;
  }
}
