package dev.pooler.postgres.fuzz;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.fuzz.Corpus;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Every fuzz target over its corpus. An input that once broke something is a file there. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CorpusTest {
  @Test
  void whatClientsSendIsForwardedTheSameHoweverItIsCut() {
    replay("FrontendWalkFuzz", FrontendWalkFuzz::fuzzerTestOneInput);
  }

  @Test
  void whatServersSendIsForwardedTheSameHoweverItIsCut() {
    replay("BackendWalkFuzz", BackendWalkFuzz::fuzzerTestOneInput);
  }

  @Test
  void everyStartupPacketIsUnderstoodOrRefused() {
    replay("StartupFuzz", StartupFuzz::fuzzerTestOneInput);
  }

  @Test
  void noStrangerCausesAFaultAtTheListener() {
    replay("LoginFuzz", LoginFuzz::fuzzerTestOneInput);
  }

  @Test
  void noClientCausesAFaultOrLeavesAnything() {
    replay("ClientFuzz", ClientFuzz::fuzzerTestOneInput);
  }

  @Test
  void noServerCausesAFaultOrLeavesAnything() {
    replay("ServerFuzz", ServerFuzz::fuzzerTestOneInput);
  }

  @Test
  void noClientGetsInWithoutThePassword() {
    replay("ClientPasswordFuzz", ClientPasswordFuzz::fuzzerTestOneInput);
  }

  @Test
  void noServerIsBelievedWithoutTheVerifier() {
    replay("ServerPasswordFuzz", ServerPasswordFuzz::fuzzerTestOneInput);
  }

  @Test
  void everyTextIsReadToItsEndAndTheSameFromABuffer() {
    replay("SqlFuzz", SqlFuzz::fuzzerTestOneInput);
  }

  @Test
  void whatIsSaidAgainOnAnotherBackendIsOneSet() {
    replay("SetFuzz", SetFuzz::fuzzerTestOneInput);
  }

  private static void replay(String name, Corpus.Target target) {
    assertTrue(new Corpus(name, target).replay() > 0, "no corpus");
  }
}
