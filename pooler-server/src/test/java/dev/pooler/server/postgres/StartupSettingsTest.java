package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.server.EmbeddedPostgres;
import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a start-up packet sets holds on whichever backend is got. The pool has one. */
@Timeout(120)
class StartupSettingsTest {
  private static EmbeddedPostgres server;
  private static PoolerFixture pooler;

  @BeforeAll
  static void start() throws Exception {
    server = EmbeddedPostgres.started();
    try (Connection direct = DriverManager.getConnection(server.jdbcUrl("postgres"))) {
      direct.createStatement().execute("create schema \"Sales, 2\"");
    }
    pooler = PoolerFixture.ofPoolSize(server, 1);
  }

  @AfterAll
  static void stop() throws IOException {
    pooler.close();
    server.close();
  }

  private static RawPgClient client(Map<String, String> settings) throws IOException {
    RawPgClient client = pooler.raw();
    client.login(asked(settings));
    return client;
  }

  private static Map<String, String> asked(Map<String, String> settings) {
    Map<String, String> all = new LinkedHashMap<>(Map.of("user", "postgres"));
    all.putAll(settings);
    return all;
  }

  private static final List<Map<String, String>> DIFFERENT =
      List.of(
          Map.of(),
          Map.of(
              "application_name", "it's \\ \"one\"",
              "client_encoding", "LATIN1",
              "DateStyle", "German, DMY",
              "TimeZone", "Asia/Kolkata",
              "search_path", "\"$user\", \"Sales, 2\"",
              "extra_float_digits", "0",
              "options", "-c work_mem=5MB --statement-timeout=9s"),
          Map.of(
              "application_name", "",
              "client_encoding", "UTF8",
              "datestyle", "SQL, MDY",
              "timezone", "America/Lima",
              "search_path", "",
              "EXTRA_FLOAT_DIGITS", "2",
              "options", "-c app.tenant=a\\ b -c application_name=loses"),
          Map.of("search_path", "public", "app.tenant", "", "IntervalStyle", "iso_8601"));

  /** The settings that {@link #DIFFERENT} touches. */
  private static final String SHOWN =
      "select concat_ws('|', current_setting('application_name'),"
          + " current_setting('client_encoding'), current_setting('DateStyle'),"
          + " current_setting('TimeZone'), current_setting('search_path'),"
          + " current_setting('extra_float_digits'), current_setting('work_mem'),"
          + " current_setting('statement_timeout'), coalesce(current_setting('app.tenant', true),"
          + " ''), current_setting('IntervalStyle'), 'end')";

  @Test
  @Tag("case-09")
  @Tag("case-11")
  @Tag("case-12")
  @Tag("case-14")
  @Tag("case-15")
  void clientsWithDifferentSettingsAlternateOverOneBackend() throws Exception {
    List<RawPgClient> clients = new ArrayList<>();
    try {
      List<String> expected = new ArrayList<>();
      for (Map<String, String> settings : DIFFERENT) {
        clients.add(client(settings));
        try (RawPgClient direct = RawPgClient.connect(serverSocket())) {
          direct.login(asked(settings));
          expected.add(String.valueOf(direct.value(SHOWN)));
        }
      }
      for (int i = 0; i < 4_000; i++) {
        int who = (i * 7 + i / 5) % clients.size();
        assertEquals(expected.get(who), clients.get(who).value(SHOWN), "statement " + i);
      }
    } finally {
      for (RawPgClient client : clients) {
        client.close();
      }
    }
  }

  private static java.net.SocketAddress serverSocket() {
    return java.net.UnixDomainSocketAddress.of(server.socket());
  }

  @Test
  @Tag("case-11")
  @Tag("case-13")
  void whatAClientIsToldIsWhatTheServerTellsAndWhatShowSays() throws Exception {
    for (Map<String, String> settings : DIFFERENT) {
      try (RawPgClient client = pooler.raw();
          RawPgClient direct = RawPgClient.connect(serverSocket())) {
        Map<String, String> told = RawPgClient.parameters(client.login(asked(settings)));
        Map<String, String> byServer = RawPgClient.parameters(direct.login(asked(settings)));
        assertEquals(byServer, told, settings::toString);
        for (String name : told.keySet()) {
          assertEquals(told.get(name), client.value("show \"" + name + "\""), name);
        }
      }
    }
  }

  @Test
  @Tag("case-14")
  void aSettingDoesNotStayWhenItsClientIsGone() throws Exception {
    for (Map<String, String> settings : DIFFERENT) {
      try (RawPgClient client = client(settings)) {
        client.value("select 1");
      }
    }
    try (RawPgClient next = client(Map.of());
        RawPgClient direct = RawPgClient.connect(serverSocket())) {
      direct.login(asked(Map.of()));
      assertEquals(direct.value(SHOWN), next.value(SHOWN));
    }
  }

  @Test
  @Tag("case-15")
  void valuesBeyondAsciiSurviveABackendInAnotherEncoding() throws Exception {
    try (RawPgClient latin = client(Map.of("client_encoding", "LATIN1"));
        RawPgClient utf = client(Map.of("search_path", "größe, 日本", "app.smile", "😀\\'"))) {
      for (int i = 0; i < 10; i++) {
        assertEquals("LATIN1", latin.value("show client_encoding"));
        assertEquals("größe, 日本", utf.value("show search_path"));
        assertEquals("😀\\'", utf.value("show app.smile"));
      }
    }
  }

  @Test
  void anInvalidSettingIsTheServersFatalForThisClientAlone() throws Exception {
    try (RawPgClient other = client(Map.of("application_name", "other"))) {
      Map<String, String> wrong =
          Map.of(
              "DateStyle", "22023",
              "client_encoding", "22023",
              "work_mem", "22023",
              "no_such_setting", "42704",
              "shared_buffers", "55P02");
      for (Map.Entry<String, String> setting : wrong.entrySet()) {
        PgMessage ours = refusal(pooler.unix(), Map.of(setting.getKey(), "nonsense"));
        assertEquals("FATAL", ours.field('S'));
        assertEquals(setting.getValue(), ours.sqlState(), ours::toString);
        PgMessage theirs = refusal(serverSocket(), Map.of(setting.getKey(), "nonsense"));
        assertEquals(theirs.toString(), ours.toString());
        assertEquals("other", other.value("show application_name"));
      }
    }
  }

  private static PgMessage refusal(java.net.SocketAddress where, Map<String, String> settings)
      throws IOException {
    try (RawPgClient client = RawPgClient.connect(where)) {
      client.send(PgBytes.startup(PgBytes.VERSION_3_0, asked(settings)));
      List<PgMessage> said = client.readToEnd();
      assertTrue(said.getLast().isError(), said::toString);
      assertFalse(RawPgClient.types(said).contains("Z"), said::toString);
      return said.getLast();
    }
  }

  @Test
  @Tag("case-10")
  void pgjdbcsOwnSettingsAreTaken() throws Exception {
    String url =
        pooler.jdbcUrl("postgres")
            + "&currentSchema=public&ApplicationName=java&options=-c%20work_mem=6MB";
    try (Connection a = DriverManager.getConnection(url);
        Connection b = pooler.jdbc("postgres")) {
      for (int i = 0; i < 20; i++) {
        assertEquals("public|java|6MB", shown(a));
        assertEquals("\"$user\", public|PostgreSQL JDBC Driver|4MB", shown(b));
      }
    }
  }

  private static String shown(Connection connection) throws Exception {
    try (var statement = connection.createStatement();
        var row =
            statement.executeQuery(
                "select current_setting('search_path') || '|' ||"
                    + " current_setting('application_name') || '|' || current_setting('work_mem')")) {
      row.next();
      return row.getString(1);
    }
  }
}
