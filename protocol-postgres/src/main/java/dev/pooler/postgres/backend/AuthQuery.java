package dev.pooler.postgres.backend;

import dev.pooler.core.config.AuthQueryConfig;
import dev.pooler.core.pool.Backend;
import dev.pooler.core.pool.ConnectFailure;
import dev.pooler.core.session.SqlFailure;
import dev.pooler.postgres.auth.Credentials;
import dev.pooler.postgres.auth.UserLookup;
import io.netty.channel.Channel;
import io.netty.handler.timeout.IdleStateHandler;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks the target for the verifiers of users, as auth-user, over one backend outside every pool:
 * nothing that a client has set reaches it (CVE-2025-12819), and a full pool can't keep clients
 * from logging in. It is opened when somebody asks and closed when nobody has for a minute. Safe
 * for all threads; nothing here blocks.
 */
public final class AuthQuery implements UserLookup {
  private static final Logger LOG = LoggerFactory.getLogger(AuthQuery.class);

  /** Nobody but us chooses what unqualified names mean there; ALTER ROLE … SET gives way to it. */
  private static final Map<String, String> SETTINGS =
      Map.of("search_path", "pg_catalog, pg_temp", "client_encoding", "UTF8");

  private static final int MOST_WAITING = 10_000;
  private static final long IDLE_SECONDS = 60;

  /** One user to look up. */
  record Question(String user, CompletableFuture<@Nullable Credentials> answer) {}

  private final PgConnector connector;
  private final String query;
  private final Duration patience;
  private final Queue<Question> waiting = new ArrayDeque<>();
  private @Nullable AuthQueryHandler open;
  private boolean connecting;
  private volatile int iterations;

  /**
   * Nothing is connected yet.
   *
   * @param connector as auth-user, to auth-database
   * @param patience how long an answer may take
   */
  public AuthQuery(PgConnector connector, AuthQueryConfig config, Duration patience) {
    this.connector = connector.with(SETTINGS);
    this.query = config.query();
    this.patience = patience;
  }

  @Override
  public CompletionStage<@Nullable Credentials> find(String user) {
    Question question = new Question(user, new CompletableFuture<>());
    synchronized (this) {
      AuthQueryHandler asking = open;
      if (asking != null && asking.usable()) {
        asking.ask(question);
        return question.answer();
      }
      if (waiting.size() >= MOST_WAITING) {
        question.answer().completeExceptionally(failure("too many logins wait for auth-query"));
        return question.answer();
      }
      waiting.add(question);
      if (!connecting) {
        connecting = true;
        // A secret may come from a file or a program.
        Thread.ofVirtual().name("pooler-auth-query").start(this::connect);
      }
    }
    return question.answer();
  }

  @Override
  public void doubt(String user) {}

  /** What the server gives to new passwords; servers before PostgreSQL 16 don't say. */
  @Override
  public int iterations() {
    return iterations;
  }

  private void connect() {
    connector
        .connect()
        .whenComplete((backend, failure) -> {
          if (failure == null) {
            Channel channel = backend.channel();
            channel.eventLoop().execute(() -> connected(backend));
          } else {
            LOG.warn("auth-query at {}: {}", connector.describe(), failure.getMessage());
            failed(failure);
          }
        });
  }

  private void connected(Backend backend) {
    Channel channel = backend.channel();
    String reported = backend.reportedSettings().getOrDefault("scram_iterations", "");
    iterations = reported.matches("[0-9]{1,9}") ? Integer.parseInt(reported) : 0;
    AuthQueryHandler asking = new AuthQueryHandler(channel, query, patience);
    if (channel.pipeline().get("backend") != null) {
      channel.pipeline().remove("backend");
    }
    channel.pipeline().addLast(new IdleStateHandler(0, 0, IDLE_SECONDS, TimeUnit.SECONDS), asking);
    synchronized (this) {
      connecting = false;
      open = asking;
      waiting.forEach(asking::ask);
      waiting.clear();
    }
  }

  private void failed(Throwable failure) {
    Question[] unanswered;
    synchronized (this) {
      connecting = false;
      unanswered = waiting.toArray(Question[]::new);
      waiting.clear();
    }
    for (Question question : unanswered) {
      question.answer().completeExceptionally(failure);
    }
  }

  static ConnectFailure failure(String what) {
    return new ConnectFailure(SqlFailure.fatal("08006", 2013, what), true);
  }
}
