package dev.pooler.compatibility.pgjdbc;

import static dev.pooler.compatibility.Report.step;

import dev.pooler.compatibility.Database;
import java.io.ByteArrayInputStream;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.postgresql.PGConnection;
import org.postgresql.largeobject.LargeObject;
import org.postgresql.largeobject.LargeObjectManager;

/** The fast-path calls of LargeObject and what is built on them. */
final class LargeObjects extends Part {
  LargeObjects(Database database, Connection c) {
    super(database, c);
  }

  @Override
  void play() throws SQLException {
    c.setAutoCommit(false);
    step("large object", () -> {
      LargeObjectManager objects = c.unwrap(PGConnection.class).getLargeObjectAPI();
      long oid = objects.createLO();
      try (LargeObject o = objects.open(oid, LargeObjectManager.READWRITE)) {
        o.write("0123456789".repeat(30000).getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        o.seek(299_995);
      }
      c.commit();
      List<Object> got = new ArrayList<>();
      try (LargeObject o = objects.open(oid, LargeObjectManager.READWRITE)) {
        o.seek64(299_995, LargeObject.SEEK_SET);
        got.add(new String(o.read(20), java.nio.charset.StandardCharsets.US_ASCII));
        o.truncate(100);
        got.add(o.size());
        got.add(o.getInputStream().readAllBytes().length);
      }
      c.commit();
      objects.delete(oid);
      c.commit();
      return got;
    });
    step("large object that isn't", () -> c.unwrap(PGConnection.class).getLargeObjectAPI().open(1L, LargeObjectManager.READ));
    c.rollback();
    step("blob", () -> {
      run("create table pictures (id int, picture oid)");
      try (PreparedStatement s = c.prepareStatement("insert into pictures values (1, ?)")) {
        s.setBlob(1, new ByteArrayInputStream(new byte[50_000]));
        s.executeUpdate();
      }
      try (Statement s = c.createStatement(); ResultSet r = s.executeQuery("select picture from pictures")) {
        r.next();
        return r.getBlob(1).length();
      }
    });
    c.commit();
    c.setAutoCommit(true);
  }
}
