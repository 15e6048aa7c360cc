package dev.pooler.core.config;

import java.util.List;

/**
 * Who may use the console.
 *
 * @param users may do everything there
 * @param statsUsers may only look
 * @param sockets whether our own uid, proved by peer authentication on a Unix socket, may do
 *     everything
 */
public record AdminConfig(List<String> users, List<String> statsUsers, boolean sockets) {
  /** No console: its names are names of databases like any other. */
  public static final AdminConfig NONE = new AdminConfig(List.of(), List.of(), false);

  public AdminConfig {
    users = List.copyOf(users);
    statsUsers = List.copyOf(statsUsers);
  }

  /** Whether there is a console. */
  public boolean enabled() {
    return sockets || !users.isEmpty() || !statsUsers.isEmpty();
  }
}
