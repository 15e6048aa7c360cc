package dev.pooler.postgres.simulation;

import dev.pooler.testkit.simulation.Simulation;
import dev.pooler.testkit.simulation.SimulationFailure;
import java.util.concurrent.atomic.AtomicReference;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/**
 * Many sessions on few backends, with everything that goes wrong between them, by seed. {@code
 * -Dseeds=N} runs more of them, {@code -Dseed=N} one with its trace.
 */
class PgSimulationTest {
  private static final Logger ROOT = Logger.getLogger("");

  @Test
  void noSeedMixesSessionsLosesALeaseOrABufferOrLeavesAClientStuck() {
    String one = System.getProperty("seed");
    if (one != null) {
      explain(Long.parseLong(one));
      return;
    }
    long steps =
        LongStream.rangeClosed(1, Long.getLong("seeds", 2000))
            .map(PgSimulationTest::survives)
            .sum();
    System.out.println("simulation: " + steps + " steps");
  }

  private static long survives(long seed) {
    try (Simulation simulation = new Simulation(seed, false)) {
      run(simulation);
      return simulation.steps();
    } catch (SimulationFailure first) {
      explain(seed);
      throw first; // a second run that passes would be a failure of its own
    }
  }

  private static void explain(long seed) {
    Simulation simulation = new Simulation(seed, true);
    try (simulation) {
      run(simulation);
    } catch (SimulationFailure broken) {
      throw new SimulationFailure(
          "seed %d, step %d: %s%n%s%nAgain: ./mvnw -pl protocol-postgres -am test %s -Dseed=%d"
              .formatted(
                  seed,
                  simulation.steps(),
                  broken.getMessage(),
                  simulation.told(),
                  "-Dtest=PgSimulationTest -Dsurefire.failIfNoSpecifiedTests=false",
                  seed),
          broken);
    }
  }

  /** What is logged as a fault, by us or by Netty, is a broken invariant too. */
  private static void run(Simulation simulation) {
    AtomicReference<LogRecord> fault = new AtomicReference<>();
    Handler witness =
        new Handler() {
          @Override
          public void publish(LogRecord entry) {
            boolean netty = String.valueOf(entry.getLoggerName()).startsWith("io.netty");
            int least = (netty ? Level.WARNING : Level.SEVERE).intValue();
            if (entry.getLevel().intValue() >= least && fault.compareAndSet(null, entry)) {
              String what = "logged: " + entry.getMessage() + " " + entry.getThrown();
              simulation.fail(new SimulationFailure(what, entry.getThrown()));
            }
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    ROOT.addHandler(witness);
    try {
      new PgSimulation(simulation).run();
    } finally {
      ROOT.removeHandler(witness);
    }
  }
}
