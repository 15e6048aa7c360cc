package dev.pooler.server;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import dev.pooler.core.protocol.WireProtocol;
import io.netty.channel.ChannelHandler;
import java.time.Clock;
import java.time.Instant;
import java.util.Arrays;
import java.util.Set;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Who may depend on whom, in the sentences of the architecture page. */
class ArchitectureTest {
  private static final String CORE = "dev.pooler.core..";
  private static final String POSTGRES = "dev.pooler.postgres..";
  private static final String MYSQL = "dev.pooler.mysql..";
  private static final String TRANSLATION = "dev.pooler.translation..";
  private static final String SERVER = "dev.pooler.server..";

  /** Pure: they know neither Netty's channels nor what time it is. */
  private static final Set<String> STATE_MACHINES =
      Set.of("ReleaseDecision", "PgReplies", "StatementJudge", "Skipping", "ReplyQueue");

  private static final JavaClasses MAIN =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .withImportOption(location -> !location.contains("/testkit"))
          .importPackages("dev.pooler");

  /** Without this, a rule over nothing would hold. */
  @Test
  void theRulesSeeTheClassesOfEachModule() {
    for (Class<?> known : Set.of(WireProtocol.class, Pooler.class)) {
      assertTrue(MAIN.contain(known));
    }
    assertTrue(MAIN.contain("dev.pooler.postgres.client.PgSession"));
    assertTrue(MAIN.contain("dev.pooler.core.pool.ReleaseDecision"));
    STATE_MACHINES.forEach(name ->
        assertTrue(MAIN.stream().anyMatch(type -> type.getSimpleName().equals(name)), name));
  }

  @Test
  void coreDependsOnNoOtherModule() {
    check(
        noClasses()
            .that()
            .resideInAPackage(CORE)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(POSTGRES, MYSQL, TRANSLATION, SERVER)
            .as("core ← protocols ← translation ← server: core depends on no other module"));
  }

  @Test
  void theProtocolsDependOnCoreOnly() {
    check(
        noClasses()
            .that()
            .resideInAnyPackage(POSTGRES, MYSQL)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(TRANSLATION, SERVER)
            .as("core ← protocols ← translation ← server: the protocols depend on core only"));
  }

  @Test
  void theProtocolsDontSeeEachOther() {
    check(
        noClasses()
            .that()
            .resideInAPackage(POSTGRES)
            .should()
            .dependOnClassesThat()
            .resideInAPackage(MYSQL)
            .as("The protocols don't see each other"));
    check(
        noClasses()
            .that()
            .resideInAPackage(MYSQL)
            .should()
            .dependOnClassesThat()
            .resideInAPackage(POSTGRES)
            .as("The protocols don't see each other"));
  }

  @Test
  void translationDoesntSeeTheServer() {
    check(
        noClasses()
            .that()
            .resideInAPackage(TRANSLATION)
            .should()
            .dependOnClassesThat()
            .resideInAPackage(SERVER)
            .as("core ← protocols ← translation ← server: translation doesn't see the server"));
  }

  @Test
  void theServerKnowsAProtocolAsAServiceOnly() {
    check(
        noClasses()
            .that()
            .resideInAPackage(SERVER)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(POSTGRES, MYSQL)
            .as("Adding a third protocol means adding a module and nothing else"));
  }

  @Test
  void insideAProtocolClientAndBackendDontSeeEachOther() {
    String sentence = "Inside a protocol, client and backend don't see each other";
    for (String protocol : Set.of("dev.pooler.postgres", "dev.pooler.mysql")) {
      check(
          noClasses()
              .that()
              .resideInAPackage(protocol + ".client..")
              .should()
              .dependOnClassesThat()
              .resideInAPackage(protocol + ".backend..")
              .as(sentence));
      check(
          noClasses()
              .that()
              .resideInAPackage(protocol + ".backend..")
              .should()
              .dependOnClassesThat()
              .resideInAPackage(protocol + ".client..")
              .as(sentence));
    }
  }

  @Test
  void inCoreAndTheProtocolsJavaSqlAndHikariLiveInCorePoolHikariOnly() {
    check(
        noClasses()
            .that()
            .resideInAnyPackage(CORE, POSTGRES, MYSQL)
            .and()
            .resideOutsideOfPackage("dev.pooler.core.pool.hikari")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("java.sql..", "javax.sql..", "com.zaxxer.hikari..")
            .as("In core and the protocols, java.sql and Hikari live in core.pool.hikari only"));
  }

  @Test
  void stateMachinesImportNothingOfNettysChannels() {
    check(
        noClasses()
            .that(areStateMachines())
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.netty.channel..")
            .as("State machines import nothing of Netty's channels"));
  }

  @Test
  void stateMachinesReadNoClock() {
    check(
        noClasses()
            .that(areStateMachines())
            .should()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .dependOnClassesThat()
            .areAssignableTo(Clock.class)
            .orShould()
            .callMethod(Instant.class, "now")
            .as("State machines read no clock"));
  }

  /** A salt is no secret: whoever asks is told it. */
  @Test
  @Tag("advisory-supavisor-c9499446")
  void secretsAreComparedInATimeThatTellsNothing() {
    check(
        noClasses()
            .that()
            .resideInAnyPackage("dev.pooler.postgres.auth..", "dev.pooler.postgres.cancel..")
            .and()
            .doNotHaveSimpleName("PassedKeys")
            .should()
            .callMethod(Arrays.class, "equals", byte[].class, byte[].class)
            .orShould()
            .callMethod(Arrays.class, "compare", byte[].class, byte[].class)
            .orShould()
            .callMethod(Arrays.class, "mismatch", byte[].class, byte[].class)
            .as("Secrets are compared by MessageDigest.isEqual"));
  }

  @Test
  void noClassHasANameThatSaysNothing() {
    check(
        noClasses()
            .should()
            .haveNameMatching(".*(Impl|Manager|Helper|Utils?|Engine|Context)(\\$.*)?")
            .as("No Impl, Manager, Helper, Util, Engine, Context"));
  }

  @Test
  void aHandlerIsANettyHandlerAndNothingElse() {
    check(
        classes()
            .that()
            .haveSimpleNameEndingWith("Handler")
            .should()
            .beAssignableTo(ChannelHandler.class)
            .as("Handler = a Netty handler and nothing else"));
  }

  @Test
  void everyPackageIsNullMarked() {
    check(
        classes()
            .that()
            .haveSimpleNameNotEndingWith("package-info")
            .should(
                new ArchCondition<JavaClass>("be in a @NullMarked package") {
                  @Override
                  public void check(JavaClass type, ConditionEvents events) {
                    boolean marked = type.getPackage().isAnnotatedWith(NullMarked.class);
                    String message = type.getPackageName() + " of " + type.getSimpleName();
                    events.add(new SimpleConditionEvent(type, marked, message));
                  }
                })
            .as("Every package is @NullMarked"));
  }

  @Test
  void thePackagesOfCoreHaveNoCycles() {
    check(
        slices()
            .matching("dev.pooler.core.(**)")
            .should()
            .beFreeOfCycles()
            .as("No cycles between the packages of core"));
  }

  @Test
  void thePackagesOfAProtocolHaveNoCycles() {
    check(
        slices()
            .matching("dev.pooler.postgres.(**)")
            .should()
            .beFreeOfCycles()
            .as("No cycles between the packages of a protocol"));
  }

  private static DescribedPredicate<JavaClass> areStateMachines() {
    return DescribedPredicate.describe(
        "are state machines",
        type ->
            type.getSimpleName().endsWith("State")
                || STATE_MACHINES.contains(type.getSimpleName()));
  }

  private static void check(ArchRule rule) {
    rule.allowEmptyShould(true).check(MAIN);
  }
}
