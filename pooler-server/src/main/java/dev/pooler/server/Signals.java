package dev.pooler.server;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Signals of the process. {@code sun.misc.Signal} (module jdk.unsupported) is the JDK's only door
 * to them; it is reached by reflection because javac's warning on it can't be suppressed where
 * warnings are errors.
 */
final class Signals {
  private static final Logger LOG = LoggerFactory.getLogger(Signals.class);

  private Signals() {}

  /**
   * Runs {@code action} on each arrival of the signal, on a thread the JDK makes for it.
   *
   * @param name without SIG: TERM, INT, HUP
   */
  static void on(String name, Runnable action) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Object proxy =
          Proxy.newProxyInstance(
              Signals.class.getClassLoader(),
              new Class<?>[] {handler},
              (self, method, args) -> {
                if (method.getName().equals("handle")) {
                  action.run();
                }
                return null;
              });
      Object before =
          signal
              .getMethod("handle", signal, handler)
              .invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
      if (before == handler.getField("SIG_IGN").get(null)) {
        // The JVM leaves alone what its parent has ignored: jvm.cpp, JVM_RegisterSignal.
        LOG.info("SIG{} is ignored, as who started this process wanted it (nohup does)", name);
      }
    } catch (InvocationTargetException e) {
      // Signals the JVM keeps for itself, as with -Xrs.
      LOG.warn("SIG{} can't be handled: {}", name, String.valueOf(e.getCause()));
    } catch (ReflectiveOperationException e) {
      LOG.warn("SIG{} can't be handled: {}", name, e.toString());
    }
  }
}
