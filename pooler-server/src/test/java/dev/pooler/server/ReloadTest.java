package dev.pooler.server;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.pooler.core.config.PoolerConfig;
import dev.pooler.server.config.ConfigFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReloadTest {
  private final List<PoolerConfig> applied = new ArrayList<>();
  private String yaml = "listen: [{address: \"unix:/s\"}]\ndatabases: {app: {hosts: [h]}}\n";
  private final Reload reload = new Reload(this::read, ok -> () -> applied.add(ok.config()));

  private ConfigFile.Result read() {
    return ConfigFile.read("p.yaml", yaml, Path.of("/"), name -> null);
  }

  @Test
  void aRightConfigurationIsHandedOver() {
    yaml += "limits: {clients: 7}\n";

    assertEquals(List.of(), reload.run());
    assertEquals(7, applied.getFirst().limits().clients());
  }

  @Test
  void oneWithAnErrorIsNotAndSaysWhy() {
    yaml += "limit: {clients: 7}\n";

    assertEquals(List.of("p.yaml:3:1: limit: unknown key; did you mean \"limits\"?"), reload.run());
    assertEquals(List.of(), applied);
  }

  @Test
  void whatCannotBePreparedIsToldLikeAnError() {
    Reload failing =
        new Reload(
            this::read,
            config -> {
              throw new IllegalStateException("user \"anna\": no such file");
            });

    assertEquals(List.of("user \"anna\": no such file"), failing.run());
  }
}
