package dev.pooler.server.config;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.fuzz.Corpus;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The configuration's fuzz target over its corpus. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ConfigCorpusTest {
  @Test
  void everyTextIsAConfigurationOrAListOfProblems() {
    assertTrue(new Corpus("ConfigFuzz", ConfigFuzz::fuzzerTestOneInput).replay() > 0, "no corpus");
  }
}
