package dev.pooler.server.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.pooler.core.config.IoConfig;
import dev.pooler.core.protocol.Transport;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.uring.IoUring;
import io.netty.util.concurrent.EventExecutor;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the end of a transport leaves open: nothing. */
@Timeout(30)
class TransportsCloseTest {
  /**
   * The loop is told to end while it runs a task, behind which nothing is left to do. Netty's own
   * shutdown with a quiet period of zero would leave the connection open for ever here.
   */
  @ParameterizedTest
  @EnumSource(dev.pooler.core.config.Transport.class)
  void closesWhatIsOpenThoughTheLoopWasBusyWhenItWasTold(dev.pooler.core.config.Transport kind)
      throws Exception {
    assumeTrue(kind != dev.pooler.core.config.Transport.IO_URING || IoUring.isAvailable());
    assumeTrue(kind != dev.pooler.core.config.Transport.EPOLL || Epoll.isAvailable());
    Transport transport = Transports.start(new IoConfig(kind, 1));
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      InetSocketAddress there =
          new InetSocketAddress(server.getInetAddress(), server.getLocalPort());
      Channel channel =
          transport
              .connector(there, transport.eventLoops().getFirst())
              .handler(new ChannelInboundHandlerAdapter())
              .connect()
              .sync()
              .channel();
      try (Socket peer = server.accept()) {
        EventExecutor loop = channel.eventLoop();
        CountDownLatch busy = new CountDownLatch(1);
        loop.execute(() -> {
          busy.countDown();
          while (!loop.isShuttingDown()) {
            Thread.onSpinWait();
          }
        });
        busy.await();
        transport.close();
        while (!loop.isTerminated()) {
          LockSupport.parkNanos(1_000_000);
        }
        peer.setSoTimeout(5_000);
        assertEquals(-1, peer.getInputStream().read(), "the connection has ended");
      }
    }
  }
}
