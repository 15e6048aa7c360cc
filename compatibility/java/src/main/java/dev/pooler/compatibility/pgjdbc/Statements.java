package dev.pooler.compatibility.pgjdbc;

import static dev.pooler.compatibility.Report.rows;
import static dev.pooler.compatibility.Report.step;

import dev.pooler.compatibility.Database;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** Statements of every kind, with the same text often enough to be prepared, and errors between them. */
final class Statements extends Part {
  Statements(Database database, Connection c) {
    super(database, c);
  }

  @Override
  void play() throws SQLException {
    run("create table item (id serial primary key, name text unique, price numeric, made timestamptz, day date, raw bytea, ref uuid, words text[], flag boolean)");
    step("insert", () -> {
      try (PreparedStatement s = c.prepareStatement("insert into item (name, price, made, day, raw, ref, words, flag) values (?, ?, ?, ?, ?, ?, ?, ?)", Statement.RETURN_GENERATED_KEYS)) {
        s.setString(1, "lamp");
        s.setBigDecimal(2, new BigDecimal("12.50"));
        s.setObject(3, OffsetDateTime.parse("2026-01-02T03:04:05Z"));
        s.setObject(4, LocalDate.of(2026, 1, 2));
        s.setBytes(5, new byte[] {0, -1, 39});
        s.setObject(6, new UUID(0, 7));
        s.setArray(7, c.createArrayOf("text", new String[] {"a", "b c"}));
        s.setBoolean(8, true);
        s.executeUpdate();
        return rows(s.getGeneratedKeys()).size();
      }
    });
    step("read", () -> query("select id, name, price, made, day, ref, words, flag from item"));
    step("raw", () -> {
      try (Statement s = c.createStatement(); ResultSet r = s.executeQuery("select raw from item")) {
        r.next();
        return r.getBytes(1);
      }
    });
    step("the same one twelve times", () -> {
      List<Object> got = new ArrayList<>();
      try (PreparedStatement s = c.prepareStatement("select ?::int * 2, count(*) from item where id > ?")) {
        for (int n = 0; n < 12; n++) {
          s.setInt(1, n);
          s.setInt(2, n % 2);
          got.add(rows(s.executeQuery()).getFirst());
        }
      }
      return got;
    });
    step("other types in the same place", () -> {
      List<Object> got = new ArrayList<>();
      try (PreparedStatement s = c.prepareStatement("select ?")) {
        for (int n = 0; n < 7; n++) {
          s.setObject(1, n);
          got.add(rows(s.executeQuery()).getFirst());
          s.setObject(1, "t" + n);
          got.add(rows(s.executeQuery()).getFirst());
        }
      }
      return got;
    });
    step("sixty texts, six times", () -> {
      long sum = 0;
      for (int round = 0; round < 6; round++) {
        for (int n = 0; n < 60; n++) {
          sum += ((Number) ((List<?>) query("select " + n + " + ?::int", round).getFirst()).getFirst()).longValue();
        }
      }
      return sum;
    });
    step("the table changes", () -> {
      for (int n = 0; n < 6; n++) {
        query("select name, price from item where id = ?", 1);
      }
      run("alter table item alter column price type numeric(20, 3)");
      run("alter table item add column extra int");
      return query("select extra from item where id = ?", 1);
    });
    step("several in one", () -> {
      List<Object> got = new ArrayList<>();
      try (PreparedStatement s = c.prepareStatement("select ?::int as a; update item set extra = ? where id = 1; select extra from item")) {
        s.setInt(1, 4);
        s.setInt(2, 5);
        boolean isRows = s.execute();
        while (isRows || s.getUpdateCount() >= 0) {
          got.add(isRows ? rows(s.getResultSet()) : s.getUpdateCount());
          isRows = s.getMoreResults();
        }
      }
      return got;
    });
    step("described", () -> {
      try (PreparedStatement s = c.prepareStatement("select id, name from item where price > ? and name = ?")) {
        return List.of(s.getParameterMetaData().getParameterTypeName(1), s.getParameterMetaData().getParameterTypeName(2), s.getMetaData().getColumnName(2));
      }
    });
    step("updatable", () -> {
      try (Statement s = c.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE);
          ResultSet r = s.executeQuery("select id, name, price from item")) {
        r.next();
        r.updateString("name", "lamp 2");
        r.updateRow();
        r.moveToInsertRow();
        r.updateString("name", "desk");
        r.insertRow();
        return query("select name from item order by id");
      }
    });
    errors();
  }

  private void errors() {
    for (int n = 0; n < 7; n++) {
      step("duplicate", () -> query("insert into item (name) values (?)", "desk"));
    }
    step("no such table", () -> query("select * from nowhere where n = ?", 1));
    step("division", () -> query("select 1 / ?::int", 0));
    step("division goes well", () -> query("select 1 / ?::int", 1));
    step("warnings", () -> {
      try (Statement s = c.createStatement()) {
        s.execute("do $$ begin raise warning 'careful'; end $$");
        return s.getWarnings().getMessage();
      }
    });
    step("valid", () -> c.isValid(5));
  }
}
