package dev.pooler.demo;

import dev.pooler.testkit.server.EmbeddedMariaDb;
import java.nio.file.Path;

/**
 * What the demo tells its user: how to reach each server. The acceptance scripts read the psql
 * lines and their headings.
 */
record Welcome(DemoPlan plan, DemoServers servers, PoolerUnderDemo pooler) {

  String text() {
    var text = new StringBuilder("\n");
    text.append(
        "PostgreSQL 18 through pooler (%s mode, at most %d backends, %s)\n"
            .formatted(plan.poolMode(), plan.poolSize(), pooler.transport()));
    postgres(text, plan.pooledSocket(), DemoPlan.POOLED_PORT);
    text.append("pooler's console: SHOW POOLS, SHOW CLIENTS, SHOW PINS, SHOW HELP\n");
    text.append(psql(plan.pooledSocket(), DemoPlan.POOLED_PORT, DemoPlan.CONSOLE)).append('\n');
    text.append("PostgreSQL 18 directly\n");
    postgres(text, servers.postgresSocket(), servers.postgres().port());
    servers.mariaDb().ifPresent(server -> mariaDb(text, server));
    text.append("Metrics    ").append(plan.http("/metrics")).append('\n');
    text.append("Pools      ").append(plan.http("/pools")).append('\n');
    text.append("Sessions   ").append(plan.http("/sessions")).append('\n');
    text.append("Pins       ").append(plan.http("/pins")).append('\n');
    text.append("Settings   ").append(plan.configFile()).append('\n');
    return text.toString();
  }

  private static void postgres(StringBuilder text, Path socket, int port) {
    text.append(psql(socket, port, DemoPlan.DATABASE));
    text.append("  ").append(SocketUrls.postgres(socket, DemoPlan.DATABASE)).append("\n\n");
  }

  private static String psql(Path socket, int port, String database) {
    return "  psql -h %s -p %d -U %s %s\n"
        .formatted(socket.getParent(), port, DemoPlan.USER, database);
  }

  private static void mariaDb(StringBuilder text, EmbeddedMariaDb server) {
    text.append("MariaDB 11.4 directly (this version of pooler speaks PostgreSQL only)\n");
    text.append("  mysql --socket=%s -u root %s\n".formatted(server.socket(), DemoPlan.DATABASE));
    text.append(
        "  %s --socket=%s -u root %s\n"
            .formatted(server.client(), server.socket(), DemoPlan.DATABASE));
    text.append("  ").append(SocketUrls.mysql(server.socket(), DemoPlan.DATABASE)).append("\n\n");
  }
}
