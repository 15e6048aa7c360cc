package dev.pooler.compatibility.pgjdbc;

import static dev.pooler.compatibility.Report.step;

import dev.pooler.compatibility.Database;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.StringReader;
import java.io.StringWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;

/** CopyManager in both directions, with errors. */
final class Copies extends Part {
  Copies(Database database, Connection c) {
    super(database, c);
  }

  @Override
  void play() throws SQLException {
    CopyManager copy = c.unwrap(PGConnection.class).getCopyAPI();
    step("copy in", () -> copy.copyIn("copy item (name, price) from stdin with (format csv)", new StringReader("copied,1\n\"also, copied\",2\n")));
    step("copy in fails", () -> copy.copyIn("copy item (name, price) from stdin", new StringReader("x\tone\n")));
    step("copy out", () -> {
      StringWriter out = new StringWriter();
      copy.copyOut("copy (select name, price from item where name like '%copied' order by id) to stdout", out);
      return out.toString().replace("\n", "|");
    });
    step("binary", () -> {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      copy.copyOut("copy (select n, repeat('b', 300) from generate_series(1, 5000) n) to stdout with (format binary)", out);
      run("create table copied (n int, t text)");
      return List.of(out.size(), copy.copyIn("copy copied from stdin with (format binary)", new ByteArrayInputStream(out.toByteArray())));
    });
    step("given up", () -> {
      var into = copy.copyIn("copy copied from stdin");
      into.writeToCopy(new byte[] {'1', '\t', 'x', '\n'}, 0, 4);
      into.cancelCopy();
      return query("select count(*) from copied");
    });
  }
}
