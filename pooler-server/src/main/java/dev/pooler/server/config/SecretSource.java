package dev.pooler.server.config;

import dev.pooler.core.config.Secret;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Gets secrets from where the configuration says. Blocks on files and programs: callers are virtual
 * threads, never event loops. Safe for several threads; one program is never started twice at once.
 * A command's answer is kept for its refresh time, or until a reload.
 */
public final class SecretSource {
  /** A secret is a password or a token: what is longer is the wrong file. */
  private static final int LONGEST = 64 << 10;

  private final UnaryOperator<@Nullable String> environment;
  private final LongSupplier nanoTime;
  private final Duration patience;
  private final Map<Secret.FromCommand, Kept> answers = new HashMap<>();

  private record Kept(Answer answer, long atNanos) {}

  /** What came of asking. */
  public sealed interface Answer {}

  /** The secret. Its text does not show it. */
  public record Known(String value) implements Answer {
    @Override
    public String toString() {
      return "Known[***]";
    }
  }

  /** Why there is none: names the file, variable or program, never what it held. */
  public record Unknown(String reason) implements Answer {}

  /**
   * @param environment a variable's value, or null where it is not set
   * @param nanoTime {@code System::nanoTime}, or a test's clock
   * @param patience how long a program may take
   */
  public SecretSource(
      UnaryOperator<@Nullable String> environment, LongSupplier nanoTime, Duration patience) {
    this.environment = environment;
    this.nanoTime = nanoTime;
    this.patience = patience;
  }

  /** Of this process's environment, with ten seconds for a program. */
  public static SecretSource ofProcess() {
    return new SecretSource(System::getenv, System::nanoTime, Duration.ofSeconds(10));
  }

  /** Gets the secret anew, or for a command within its refresh time the answer it gave before. */
  public Answer get(Secret secret) {
    return switch (secret) {
      case Secret.Literal literal -> new Known(literal.value());
      case Secret.FromEnv env -> variable(env.name());
      case Secret.FromFile file -> content(file.path());
      case Secret.FromCommand command -> kept(command);
    };
  }

  /** Gets the secret anew in any case: a program is run again. */
  public synchronized Answer fresh(Secret secret) {
    if (secret instanceof Secret.FromCommand command) {
      answers.remove(command);
    }
    return get(secret);
  }

  /**
   * A reload: every program is run again when its secret is wanted next.
   *
   * @return brings back the answers there were, for a reload that is refused
   */
  public synchronized Runnable forget() {
    Map<Secret.FromCommand, Kept> before = Map.copyOf(answers);
    answers.clear();
    return () -> {
      synchronized (this) {
        answers.putAll(before);
      }
    };
  }

  private Answer variable(String name) {
    String value = environment.apply(name);
    if (value == null || value.isEmpty()) {
      return new Unknown("variable " + name + (value == null ? " is not set" : " is empty"));
    }
    return new Known(value);
  }

  private static Answer content(Path path) {
    try {
      if (Files.size(path) > LONGEST) {
        return new Unknown("file " + path + " is larger than " + Quantity.text(LONGEST));
      }
      // Editors and `echo` leave one line break at the end; a password does not end in one.
      String text = Files.readString(path);
      String value =
          text.endsWith("\n")
              ? text.substring(0, text.length() - (text.endsWith("\r\n") ? 2 : 1))
              : text;
      return value.isEmpty()
          ? new Unknown("file " + path + " is empty")
          : known("file " + path, value);
    } catch (NoSuchFileException e) {
      return new Unknown("file " + path + " does not exist");
    } catch (CharacterCodingException e) {
      return new Unknown("file " + path + " is not UTF-8");
    } catch (IOException e) {
      return new Unknown("file " + path + " can't be read: " + e.getMessage());
    }
  }

  private synchronized Answer kept(Secret.FromCommand command) {
    Kept kept = answers.get(command);
    long now = nanoTime.getAsLong();
    boolean lasting = command.refresh().isZero();
    if (kept != null && (lasting || now - kept.atNanos() < command.refresh().toNanos())) {
      return kept.answer();
    }
    Answer answer = run(command);
    if (answer instanceof Known) {
      answers.put(command, new Kept(answer, now));
    }
    return answer;
  }

  private Answer run(Secret.FromCommand command) {
    String program = command.argv().getFirst();
    Process process;
    try {
      process =
          new ProcessBuilder(command.argv()).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    } catch (IOException e) {
      return new Unknown("command " + program + " can't be started: " + e.getMessage());
    }
    try {
      process.getOutputStream().close();
      if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
        return new Unknown("command " + program + " took longer than " + Quantity.text(patience));
      }
      if (process.exitValue() != 0) {
        return new Unknown("command " + program + " exited with " + process.exitValue());
      }
      return firstLine(program, process);
    } catch (IOException e) {
      return new Unknown("command " + program + " can't be read: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Unknown("command " + program + " was interrupted");
    } finally {
      process.destroyForcibly();
    }
  }

  /**
   * Only what is there after the exit: a child that lives on with our pipe open must not hold us.
   */
  private static Answer firstLine(String program, Process process) throws IOException {
    var output = process.getInputStream();
    String text =
        new String(
            output.readNBytes(Math.min(output.available(), LONGEST)), StandardCharsets.UTF_8);
    String line = text.lines().findFirst().orElse("");
    return line.isEmpty()
        ? new Unknown("command " + program + " printed nothing")
        : known("command " + program, line);
  }

  /** No message of a protocol can carry a NUL: it would end a password there. */
  private static Answer known(String where, String value) {
    return value.indexOf('\0') < 0
        ? new Known(value)
        : new Unknown(where + " gives a secret with a NUL character");
  }
}
