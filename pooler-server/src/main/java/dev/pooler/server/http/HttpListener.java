package dev.pooler.server.http;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves {@link HttpEndpoints} with the JDK's own server, each request on a virtual thread. What
 * changes something is POST; that, and what shows settings and statements of clients, is answered
 * on loopback only, and to whoever carries the token where one is set. The owner closes it.
 */
public final class HttpListener implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(HttpListener.class);
  private static final String TEXT = "text/plain; charset=utf-8";
  private static final Pattern SESSION = Pattern.compile("/sessions/([0-9]{1,18})");
  private static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";

  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final HttpEndpoints endpoints;
  private final @Nullable String token;
  private final Map<String, Route> routes;

  private record Route(String method, Answer answer) {}

  private interface Answer {
    void handle(HttpExchange exchange) throws IOException;
  }

  private HttpListener(HttpServer server, HttpEndpoints endpoints, @Nullable String token) {
    this.server = server;
    this.endpoints = endpoints;
    this.token = token;
    this.routes =
        Map.of(
            "/metrics", new Route("GET", this::metrics),
            "/live", new Route("GET", exchange -> answer(exchange, 200, TEXT, "live\n")),
            "/ready", new Route("GET", this::ready),
            "/pools",
                new Route(
                    "GET",
                    exchange -> answer(exchange, 200, "application/json", endpoints.pools())),
            "/sessions", new Route("GET", exchange -> confidential(exchange, endpoints::sessions)),
            "/pins", new Route("GET", exchange -> confidential(exchange, endpoints::pins)),
            "/drain", new Route("POST", this::drain),
            "/reload", new Route("POST", this::reload));
  }

  /**
   * Binds and serves.
   *
   * @param token what POST must carry as a bearer token, or null
   * @throws IOException when the address can't be bound
   */
  public static HttpListener start(
      InetSocketAddress address, @Nullable String token, HttpEndpoints endpoints)
      throws IOException {
    HttpListener listener = new HttpListener(HttpServer.create(address, 64), endpoints, token);
    listener.server.setExecutor(listener.threads);
    listener.server.createContext("/", listener::serve);
    listener.server.start();
    return listener;
  }

  /** Where it listens: the real port where 0 was asked for. */
  public InetSocketAddress address() {
    return server.getAddress();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }

  private void serve(HttpExchange exchange) {
    try (exchange) {
      Route route = route(exchange.getRequestURI().getPath());
      String method = exchange.getRequestMethod();
      if (route == null) {
        answer(exchange, 404, TEXT, "not found; there are: " + names() + "\n");
      } else if (!method.equals(route.method())
          && !(method.equals("HEAD") && route.method().equals("GET"))) {
        exchange
            .getResponseHeaders()
            .set("Allow", route.method().equals("GET") ? "GET, HEAD" : "POST");
        answer(exchange, 405, TEXT, "use " + route.method() + "\n");
      } else {
        route.answer().handle(exchange);
      }
    } catch (IOException e) {
      LOG.debug("http {}: {}", exchange.getRequestURI().getPath(), e.toString());
    } catch (RuntimeException e) {
      LOG.error("http {} failed", exchange.getRequestURI().getPath(), e);
    }
  }

  private @Nullable Route route(String path) {
    Matcher session = SESSION.matcher(path);
    return session.matches()
        ? new Route("GET", exchange -> session(exchange, Long.parseLong(session.group(1))))
        : routes.get(path);
  }

  private String names() {
    return String.join(", ", routes.keySet().stream().sorted().toList());
  }

  private void metrics(HttpExchange exchange) throws IOException {
    exchange.getResponseHeaders().set("Content-Type", PROMETHEUS);
    boolean head = exchange.getRequestMethod().equals("HEAD");
    exchange.sendResponseHeaders(200, head ? -1 : 0);
    if (!head) {
      try (OutputStream out = exchange.getResponseBody()) {
        endpoints.metrics(out);
      }
    }
  }

  private void ready(HttpExchange exchange) throws IOException {
    String reason = endpoints.notReady();
    answer(exchange, reason == null ? 200 : 503, TEXT, (reason == null ? "ready" : reason) + "\n");
  }

  /** Settings and statements of clients are for whoever may change something too. */
  private void confidential(HttpExchange exchange, Supplier<String> page) throws IOException {
    if (!refused(exchange)) {
      answer(exchange, 200, "application/json", page.get());
    }
  }

  private void session(HttpExchange exchange, long id) throws IOException {
    if (refused(exchange)) {
      return;
    }
    String page = endpoints.session(id);
    if (page == null) {
      answer(exchange, 404, TEXT, "no session " + id + "; /sessions has those that there are\n");
    } else {
      answer(exchange, 200, "application/json", page);
    }
  }

  private void drain(HttpExchange exchange) throws IOException {
    if (refused(exchange)) {
      return;
    }
    LOG.info("http: drain asked for");
    endpoints.drain();
    answer(exchange, 202, TEXT, "draining\n");
  }

  private void reload(HttpExchange exchange) throws IOException {
    if (refused(exchange)) {
      return;
    }
    List<String> problems = endpoints.reload();
    boolean done = problems.isEmpty();
    answer(
        exchange, done ? 200 : 422, TEXT, done ? "reloaded\n" : String.join("\n", problems) + "\n");
  }

  /**
   * A request with Origin comes from a page in somebody's browser on this host, which loopback does
   * not keep out.
   */
  private boolean refused(HttpExchange exchange) throws IOException {
    boolean local = exchange.getRemoteAddress().getAddress().isLoopbackAddress();
    if (!local || exchange.getRequestHeaders().containsKey("Origin")) {
      answer(exchange, 403, TEXT, "only from loopback, and not from a browser\n");
      return true;
    }
    if (token != null && !carriesToken(exchange, token)) {
      exchange.getResponseHeaders().set("WWW-Authenticate", "Bearer");
      answer(exchange, 401, TEXT, "needs the bearer token of http.token\n");
      return true;
    }
    return false;
  }

  private static boolean carriesToken(HttpExchange exchange, String token) {
    String given = exchange.getRequestHeaders().getFirst("Authorization");
    return given != null && MessageDigest.isEqual(bytes("Bearer " + token), bytes(given));
  }

  private static void answer(HttpExchange exchange, int status, String type, String text)
      throws IOException {
    byte[] body = bytes(text);
    exchange.getResponseHeaders().set("Content-Type", type);
    boolean head = exchange.getRequestMethod().equals("HEAD");
    exchange.sendResponseHeaders(status, head ? -1 : body.length);
    if (!head) {
      exchange.getResponseBody().write(body);
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
