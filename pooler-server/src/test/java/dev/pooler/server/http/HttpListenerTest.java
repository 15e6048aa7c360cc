package dev.pooler.server.http;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class HttpListenerTest {
  private final FakeEndpoints endpoints = new FakeEndpoints();
  private final HttpClient client = HttpClient.newHttpClient();

  @SuppressWarnings("NullAway.Init") // by listen()
  private HttpListener open;

  @SuppressWarnings("NullAway.Init") // by listen()
  private HttpListener guarded;

  private static final class FakeEndpoints implements HttpEndpoints {
    @Override
    public String sessions() {
      return "[1]";
    }

    @Override
    public @Nullable String session(long id) {
      return id == 7 ? "{\"id\": 7}" : null;
    }

    @Override
    public String pins() {
      return "[2]";
    }

    private volatile @Nullable String notReady;
    private volatile List<String> problems = List.of();
    private final AtomicInteger drains = new AtomicInteger();
    private final AtomicInteger reloads = new AtomicInteger();

    @Override
    public void metrics(OutputStream out) throws IOException {
      out.write("pooler_clients 3\n".getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public @Nullable String notReady() {
      return notReady;
    }

    @Override
    public String pools() {
      return "[{\"database\": \"app\"}]";
    }

    @Override
    public void drain() {
      drains.incrementAndGet();
    }

    @Override
    public List<String> reload() {
      reloads.incrementAndGet();
      return problems;
    }
  }

  @BeforeEach
  void listen() throws IOException {
    open = HttpListener.start(anyPort(), null, endpoints);
    guarded = HttpListener.start(anyPort(), "letmein", endpoints);
  }

  @AfterEach
  void close() {
    client.close();
    open.close();
    guarded.close();
  }

  @Test
  void metricsArePrometheusText() throws Exception {
    HttpResponse<String> response = get("/metrics");

    assertEquals(200, response.statusCode());
    assertEquals("pooler_clients 3\n", response.body());
    assertEquals(
        "text/plain; version=0.0.4; charset=utf-8",
        response.headers().firstValue("Content-Type").orElse(""));
  }

  @Test
  void readyTellsWhyItIsNot() throws Exception {
    assertEquals("200 ready\n", text(get("/ready")));
    endpoints.notReady = "no usable target for app";
    assertEquals("503 no usable target for app\n", text(get("/ready")));
    assertEquals("200 live\n", text(get("/live")));
  }

  @Test
  void poolsAreJson() throws Exception {
    HttpResponse<String> response = get("/pools");

    assertEquals("200 [{\"database\": \"app\"}]", text(response));
    assertEquals("application/json", response.headers().firstValue("Content-Type").orElse(""));
  }

  @Test
  void whatIsNotThereNamesWhatIs() throws Exception {
    assertEquals(
        "404 not found; there are: /drain, /live, /metrics, /pins, /pools, /ready, /reload, /sessions\n",
        text(get("/metric")));
  }

  @Test
  void changesArePostOnly() throws Exception {
    HttpResponse<String> response = get("/drain");

    assertEquals("405 use POST\n", text(response));
    assertEquals("POST", response.headers().firstValue("Allow").orElse(""));
    assertEquals("405 use GET\n", text(post(open, "/metrics")));
    assertEquals(0, endpoints.drains.get());
  }

  @Test
  void headIsGetWithoutABody() throws Exception {
    HttpRequest head = request(open, "/metrics").HEAD().build();

    assertEquals("200 ", text(send(head)));
  }

  @Test
  void drainAndReloadReachThePooler() throws Exception {
    assertEquals("202 draining\n", text(post(open, "/drain")));
    assertEquals("200 reloaded\n", text(post(open, "/reload")));
    endpoints.problems = List.of("p.yaml:1:1: a", "p.yaml:2:1: b");
    assertEquals("422 p.yaml:1:1: a\np.yaml:2:1: b\n", text(post(open, "/reload")));
    assertEquals(1, endpoints.drains.get());
    assertEquals(2, endpoints.reloads.get());
  }

  @Test
  void aTokenThatIsSetMustBeCarried() throws Exception {
    assertEquals(401, post(guarded, "/drain").statusCode());
    assertEquals(401, post(guarded, "/drain", "Authorization", "Bearer wrong").statusCode());
    assertEquals(0, endpoints.drains.get());
    assertEquals(202, post(guarded, "/drain", "Authorization", "Bearer letmein").statusCode());
    assertEquals(1, endpoints.drains.get());
  }

  @Test
  void aSessionIsToldByItsNumberToWhomAllAreTold() throws Exception {
    assertEquals("200 {\"id\": 7}", text(get("/sessions/7")));
    String none = "404 no session 8; /sessions has those that there are\n";
    assertEquals(none, text(get("/sessions/8")));
    assertEquals(404, get("/sessions/7/").statusCode());
    assertEquals(404, get("/sessions/" + "9".repeat(30)).statusCode());
    assertEquals("405 use GET\n", text(post(open, "/sessions/7")));
    for (String path : List.of("/sessions", "/sessions/7", "/sessions/8")) {
      assertEquals(401, send(request(guarded, path).build()).statusCode());
      String with = "Bearer letmein";
      int told = send(request(guarded, path).header("Authorization", with).build()).statusCode();
      assertEquals(path.endsWith("8") ? 404 : 200, told);
      String evil = "http://evil.example";
      assertEquals(403, send(request(open, path).header("Origin", evil).build()).statusCode());
    }
  }

  @Test
  void aPageInABrowserMayNotDrain() throws Exception {
    assertEquals(403, post(open, "/drain", "Origin", "http://evil.example").statusCode());
    assertEquals(0, endpoints.drains.get());
  }

  @Test
  void aClosedListenerFreesItsPort() throws Exception {
    int port = open.address().getPort();
    open.close();
    open =
        HttpListener.start(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), port), null, endpoints);

    assertEquals(200, get("/live").statusCode());
  }

  private static InetSocketAddress anyPort() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }

  private HttpResponse<String> get(String path) throws Exception {
    return send(request(open, path).build());
  }

  private HttpResponse<String> post(HttpListener listener, String path, String... headers)
      throws Exception {
    HttpRequest.Builder builder = request(listener, path).POST(HttpRequest.BodyPublishers.noBody());
    return send((headers.length == 0 ? builder : builder.headers(headers)).build());
  }

  private static HttpRequest.Builder request(HttpListener listener, String path) {
    return HttpRequest.newBuilder(
        URI.create("http://127.0.0.1:" + listener.address().getPort() + path));
  }

  private HttpResponse<String> send(HttpRequest request) throws IOException, InterruptedException {
    return client.send(request, HttpResponse.BodyHandlers.ofString());
  }

  private static String text(HttpResponse<String> response) {
    return response.statusCode() + " " + response.body();
  }
}
