package dev.pooler.testkit.simulation;

/**
 * The far end of a {@link SimulatedChannel}, in the hands of a script. Both directions have a
 * bounded buffer, as the kernel's sockets do; bytes sent here reach the channel in chunks of the
 * seed's choice, when it reads.
 */
public final class SimulatedSocket {
  final ByteQueue toChannel = new ByteQueue();
  final ByteQueue fromChannel = new ByteQueue();
  final int capacity;
  final SimulatedChannel channel;

  /** No more bytes will follow those in {@link #toChannel}. */
  boolean outputEnded;

  /** The script reads no more, now or for good: what comes is refused. */
  boolean gone;

  boolean reset;

  /** The channel has closed its end. */
  boolean channelClosed;

  /** It has closed with bytes that found no room here. */
  boolean cutOff;

  SimulatedSocket(SimulatedChannel channel, int capacity) {
    this.channel = channel;
    this.capacity = capacity;
  }

  /** How many bytes may be sent now. */
  public int room() {
    return Math.max(0, capacity - toChannel.size());
  }

  /** Sends; with more than {@link #room} a script is not held to the buffer's bound. */
  public void send(byte[] bytes) {
    if (!outputEnded && !channelClosed) {
      toChannel.add(bytes);
    }
  }

  /** Moves at most {@code length} bytes of {@code from} into the socket. */
  public void send(ByteQueue from, int length) {
    if (outputEnded || channelClosed) {
      from.clear();
    } else {
      from.moveTo(toChannel, length);
    }
  }

  /** What has arrived here. */
  public ByteQueue received() {
    return fromChannel;
  }

  /** The channel has closed and everything it sent has been taken from {@link #received}. */
  public boolean ended() {
    return channelClosed && fromChannel.size() == 0;
  }

  /** The channel has closed while the script was slow to read, and what it had to say is lost. */
  public boolean cutOff() {
    return cutOff;
  }

  public boolean channelClosed() {
    return channelClosed;
  }

  /** Says that nothing more will be sent; receiving goes on. */
  public void shutdownOutput() {
    outputEnded = true;
  }

  public boolean outputEnded() {
    return outputEnded;
  }

  /** Closes both directions; bytes sent before still arrive. */
  public void close() {
    outputEnded = true;
    gone = true;
    fromChannel.clear();
  }

  /** Breaks the connection: bytes in flight are lost. */
  public void reset() {
    close();
    reset = true;
    toChannel.clear();
  }
}
