package dev.pooler.postgres.backend;

import dev.pooler.core.config.ClientTls;
import dev.pooler.core.config.TlsMode;
import dev.pooler.core.pool.BackendConnector;
import dev.pooler.core.protocol.Transport;
import dev.pooler.postgres.auth.NoSecret;
import dev.pooler.postgres.auth.ScramKeys;
import dev.pooler.postgres.listen.Speakers;
import dev.pooler.testkit.simulation.SimulatedAddress;
import dev.pooler.testkit.simulation.SimulatedChannel;
import dev.pooler.testkit.simulation.SimulatedLoop;
import io.netty.channel.ServerChannel;
import java.time.Duration;
import java.util.List;

/** Lets the real connector reach scripted servers. */
public final class SimulatedTargets {
  private SimulatedTargets() {}

  /** Backends at {@code address}, logged in with trust on {@code loop}. */
  public static BackendConnector connector(SimulatedAddress address, SimulatedLoop loop) {
    Transport transport =
        new Transport(
            "simulated",
            loop,
            SimulatedChannel.class,
            SimulatedChannel.class,
            ServerChannel.class,
            ServerChannel.class,
            true,
            channel -> Transport.UNKNOWN_UID);
    PgTarget target =
        new PgTarget(
            address,
            new ClientTls(TlsMode.DISABLE, null, null, null),
            null,
            Duration.ofSeconds(5),
            transport,
            3,
            new Speakers());
    return new PgConnector(
        List.of(target), "app", "app", NoSecret::new, new ScramKeys(), Runnable::run);
  }
}
