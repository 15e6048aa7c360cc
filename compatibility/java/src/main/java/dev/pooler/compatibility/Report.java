package dev.pooler.compatibility;

import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Prints what a step gave, or the error that it threw, so that a script goes on and both runs can be compared to the end. */
public final class Report {
  private Report() {}

  public interface Step {
    Object run() throws Exception;
  }

  public static void step(String name, Step step) {
    try {
      System.out.println(name + ": " + plain(step.run()));
    } catch (Exception | LinkageError e) {
      System.out.println(name + ": " + told(e));
    }
  }

  public static String told(Throwable e) {
    StringBuilder all = new StringBuilder();
    for (Throwable t = e; t != null; t = t.getCause()) {
      all.append(all.isEmpty() ? "" : " <- ").append(t.getClass().getSimpleName());
      if (t instanceof SQLException sql) {
        all.append(' ').append(sql.getSQLState()).append(' ').append(sql.getMessage().replace("\n", " | "));
        if (sql.getNextException() != null) {
          all.append(" next ").append(sql.getNextException().getSQLState());
        }
      }
    }
    return all.toString();
  }

  private static String plain(Object value) {
    return switch (value) {
      case null -> "null";
      case int[] array -> Arrays.toString(array);
      case long[] array -> Arrays.toString(array);
      case byte[] array -> java.util.HexFormat.of().formatHex(array, 0, Math.min(20, array.length)) + " of " + array.length;
      case Object[] array -> plain(Arrays.asList(array));
      case List<?> list -> list.stream().map(Report::plain).toList().toString();
      default -> value.toString();
    };
  }

  /** All rows, at most twenty of them shown, and how many there were. */
  public static List<Object> rows(ResultSet rows) throws SQLException {
    try (rows) {
      ResultSetMetaData columns = rows.getMetaData();
      List<Object> all = new ArrayList<>();
      int count = 0;
      while (rows.next()) {
        count++;
        List<Object> row = new ArrayList<>();
        for (int column = 1; column <= columns.getColumnCount(); column++) {
          Object value = rows.getObject(column);
          row.add(value instanceof java.sql.Array array ? array.toString() : value);
        }
        if (count <= 20) {
          all.add(row);
        }
      }
      if (count > 20) {
        all.add(count + " rows");
      }
      return all;
    }
  }
}
