package dev.pooler.demo;

/**
 * The running pooler as the demo knows it: started from a configuration, serving the sockets that
 * stand there, closed after the load and before the servers.
 */
interface PoolerUnderDemo extends AutoCloseable {

  /** Whether there is a pooler between the demo's clients and PostgreSQL. */
  boolean inFront();

  /** Drains and ends it; its socket files are gone afterwards. */
  @Override
  void close();

  /**
   * Starts it in this JVM and returns when it serves.
   *
   * @param yamlConfig the configuration file's text
   */
  static PoolerUnderDemo start(String yamlConfig) {
    return new NoPooler();
  }

  /** Until the server module can be started from here: clients use PostgreSQL's own socket. */
  record NoPooler() implements PoolerUnderDemo {
    @Override
    public boolean inFront() {
      return false;
    }

    @Override
    public void close() {}
  }
}
