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
import java.util.concurrent.atomic.AtomicReference;

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
    AtomicReference<BackendNumbers> numbers =
        new AtomicReference<>(new BackendNumbers(Duration.ofSeconds(5), 3));
    PgTarget target =
        new PgTarget(
            address,
            new ClientTls(TlsMode.DISABLE, null, null, null),
            () -> null,
            numbers::get,
            transport,
            new Speakers());
    return new PgConnector(
        List.of(target), numbers, "app", "app", NoSecret::new, new ScramKeys(), Runnable::run);
  }
}
