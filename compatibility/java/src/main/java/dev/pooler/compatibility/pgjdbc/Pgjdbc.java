package dev.pooler.compatibility.pgjdbc;

import dev.pooler.compatibility.Database;
import java.sql.Connection;
import java.util.List;

/** pgjdbc as applications use it; arguments are connection properties, such as {@code prepareThreshold=1}. */
public final class Pgjdbc {
  private Pgjdbc() {}

  /**
   * Runs all of it.
   *
   * @param properties connection properties
   * @throws Exception when it can't connect or a part fails between two steps
   */
  public static void main(String... properties) throws Exception {
    Database database = Database.of(properties);
    try (Connection c = database.getConnection()) {
      List<Part> parts =
          List.of(
              new Statements(database, c),
              new Batches(database, c),
              new Transactions(database, c),
              new Cursors(database, c),
              new Settings(database, c),
              new Copies(database, c),
              new LargeObjects(database, c),
              new Functions(database, c),
              new Notifications(database, c),
              new Cancels(database, c),
              new Metadata(database, c),
              new SessionObjects(database, c));
      for (Part part : parts) {
        part.play();
      }
    }
    new ManyConnections(database).play();
  }
}
