package dev.pooler.testkit.fuzz;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * The inputs of one fuzz target that are kept in git, {@code src/test/fuzz/<target>}: real examples
 * and what once broke something. {@code scripts/fuzz} starts from them.
 */
public final class Corpus {
  /** What a fuzz target does with an input; it throws when something is wrong. */
  public interface Target {
    void run(byte[] input);
  }

  /** Changed copies of each input that a replay tries too. */
  private static final int CHANGED = 12;

  private final String name;
  private final Target target;

  public Corpus(String name, Target target) {
    this.name = name;
    this.target = target;
  }

  /**
   * Runs every input as it is, cut short, and changed a little by a seed.
   *
   * @return how many inputs there were as they are
   * @throws AssertionError naming the file, and the bytes if they aren't the file's
   */
  public int replay() {
    List<Path> files = files();
    for (Path file : files) {
      byte[] input = read(file);
      run(file, "as it is", input);
      SplittableRandom random = new SplittableRandom(Arrays.hashCode(input));
      for (int i = 0; i < CHANGED; i++) {
        byte[] changed = changed(input, random);
        run(file, Arrays.toString(changed), changed);
      }
    }
    return files.size();
  }

  private void run(Path file, String what, byte[] input) {
    try {
      target.run(input);
    } catch (RuntimeException | AssertionError | StackOverflowError e) {
      throw new AssertionError(name + " fails on " + file + " " + what, e);
    }
  }

  private static byte[] changed(byte[] input, SplittableRandom random) {
    int length = random.nextInt(3) == 0 ? random.nextInt(input.length + 1) : input.length;
    byte[] changed = Arrays.copyOf(input, length);
    for (int n = random.nextInt(4); n > 0 && length > 0; n--) {
      changed[random.nextInt(length)] = (byte) random.nextInt(256);
    }
    return changed;
  }

  private List<Path> files() {
    try (Stream<Path> files = Files.list(Path.of("src/test/fuzz", name))) {
      return files.sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] read(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
