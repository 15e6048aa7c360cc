package dev.pooler.compatibility;

import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.logging.Logger;
import javax.sql.DataSource;

/** Connections through the Unix socket that libpq's variables name, by the URL of README.md and further properties. */
public record Database(String url) implements DataSource {
  public static Database of(String... properties) {
    String socket = System.getenv("PGHOST") + "/.s.PGSQL." + System.getenv("PGPORT");
    return new Database(
        "jdbc:postgresql://localhost/"
            + System.getenv("PGDATABASE")
            + "?socketFactory=org.newsclub.net.unix.AFUNIXSocketFactory$FactoryArg&socketFactoryArg="
            + socket
            + "&user="
            + System.getenv("PGUSER")
            + "&sslmode=disable&ApplicationName=shop"
            + (properties.length == 0 ? "" : "&" + String.join("&", properties).replace(" ", "%20")));
  }

  @Override
  public Connection getConnection() throws SQLException {
    return DriverManager.getConnection(url);
  }

  @Override
  public Connection getConnection(String user, String password) throws SQLException {
    return getConnection();
  }

  @Override
  public PrintWriter getLogWriter() {
    return new PrintWriter(System.err, true);
  }

  @Override
  public void setLogWriter(PrintWriter out) {}

  @Override
  public void setLoginTimeout(int seconds) {}

  @Override
  public int getLoginTimeout() {
    return 0;
  }

  @Override
  public Logger getParentLogger() {
    return Logger.getGlobal();
  }

  @Override
  public <T> T unwrap(Class<T> type) throws SQLException {
    throw new SQLException("wraps nothing");
  }

  @Override
  public boolean isWrapperFor(Class<?> type) {
    return false;
  }
}
