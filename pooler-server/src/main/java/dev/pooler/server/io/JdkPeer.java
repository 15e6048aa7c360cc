package dev.pooler.server.io;

import dev.pooler.core.protocol.Transport;
import io.netty.channel.Channel;
import io.netty.channel.socket.nio.NioChannelOption;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.attribute.UserPrincipal;
import jdk.net.ExtendedSocketOptions;
import jdk.net.UnixDomainPrincipal;

/** SO_PEERCRED by the JDK's own means, for the NIO transport: it tells a name, not a number. */
final class JdkPeer {
  private JdkPeer() {}

  static int uid(Channel channel) {
    if (!(channel instanceof NioDomainSocketChannel)) {
      return Transport.UNKNOWN_UID;
    }
    UnixDomainPrincipal peer =
        channel.config().getOption(NioChannelOption.of(ExtendedSocketOptions.SO_PEERCRED));
    return peer == null ? Transport.UNKNOWN_UID : number(peer.user());
  }

  /** A user without a name prints as its number; for one with a name a file of its tells it. */
  private static int number(UserPrincipal user) {
    try {
      return Integer.parseUnsignedInt(user.getName());
    } catch (NumberFormatException e) {
      return lookUp(user);
    }
  }

  private static int lookUp(UserPrincipal user) {
    try {
      for (String line :
          java.nio.file.Files.readAllLines(FileSystems.getDefault().getPath("/etc/passwd"))) {
        String[] fields = line.split(":", -1);
        if (fields.length > 2 && fields[0].equals(user.getName())) {
          return Integer.parseUnsignedInt(fields[2]);
        }
      }
    } catch (IOException | NumberFormatException e) {
      return Transport.UNKNOWN_UID;
    }
    return Transport.UNKNOWN_UID;
  }
}
