package dev.pooler.server.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.snakeyaml.engine.v2.common.FlowStyle;
import org.snakeyaml.engine.v2.common.ScalarStyle;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/** A YAML tree from maps, lists and texts, for what was not written as YAML. */
final class Nodes {
  private Nodes() {}

  static Node of(Object value) {
    return switch (value) {
      case Map<?, ?> map -> {
        List<NodeTuple> tuples = new ArrayList<>();
        map.forEach((key, below) -> tuples.add(new NodeTuple(of(String.valueOf(key)), of(below))));
        yield new MappingNode(Tag.MAP, tuples, FlowStyle.BLOCK);
      }
      case List<?> list ->
          new SequenceNode(Tag.SEQ, list.stream().map(Nodes::of).toList(), FlowStyle.BLOCK);
      default -> new ScalarNode(Tag.STR, value.toString(), ScalarStyle.DOUBLE_QUOTED);
    };
  }
}
