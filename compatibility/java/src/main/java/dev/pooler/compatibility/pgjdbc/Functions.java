package dev.pooler.compatibility.pgjdbc;

import static dev.pooler.compatibility.Report.step;

import dev.pooler.compatibility.Database;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Types;
import java.util.List;

/** Functions and procedures through CallableStatement. */
final class Functions extends Part {
  Functions(Database database, Connection c) {
    super(database, c);
  }

  @Override
  void play() throws SQLException {
    run("create function twice(inout n int, out t text) language sql as $$ select n * 2, 'twice' $$");
    run("create procedure put(name text) language plpgsql as $$ begin insert into line (t) values (name); commit; insert into line (t) values (name); end $$");
    step("function", () -> {
      try (CallableStatement s = c.prepareCall("{call twice(?, ?)}")) {
        s.setInt(1, 21);
        s.registerOutParameter(1, Types.INTEGER);
        s.registerOutParameter(2, Types.VARCHAR);
        s.execute();
        return List.of(s.getInt(1), s.getString(2));
      }
    });
    step("procedure", () -> {
      query("call put(?)", "by procedure");
      return query("select count(*) from line where t = 'by procedure'");
    });
  }
}
