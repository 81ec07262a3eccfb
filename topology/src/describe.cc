#include "describe.h"

#include <string_view>

namespace millstream {

namespace {

std::string joined(const std::vector<std::string>& names, std::string_view if_empty) {
  if (names.empty()) return std::string(if_empty);
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::string sink_target(const DescribedNode& node) {
  if (node.topics.empty()) return "extractor class: " + node.spec->topic_extractor;
  return "topic: " + node.topics.front();
}

std::string text_of(const DescribedNode& node) {
  const std::string& name = node.spec->name;
  const std::string down = "\n      --> " + joined(node.children, "none");
  const std::string up = "\n      <-- " + joined(node.parents, "none");
  switch (node.spec->kind) {
    case NodeKind::kSource:
      return "Source: " + name + " (topics: [" + joined(node.topics, "") + "])" + down;
    case NodeKind::kProcessor:
      return "Processor: " + name + " (stores: [" + joined(node.stores, "") + "])" + down + up;
    case NodeKind::kSink:
      return "Sink: " + name + " (" + sink_target(node) + ")" + up;
  }
  return {};
}

/// The store of a global processor isn't connected like others.
std::vector<DescribedNode> with_global_store(const Topology::Specification& topology,
                                             std::vector<DescribedNode> nodes) {
  for (std::size_t i = 0; i < topology.globals.size(); ++i) {
    for (DescribedNode& node : nodes) {
      if (node.spec->name == topology.global_processors[i]) {
        node.stores = {topology.globals[i].store.name};
      }
    }
  }
  return nodes;
}

std::vector<DescribedNode> nodes_of(const TopologyParts& parts, const NodeGroup& group) {
  return with_global_store(parts.specification, describe_group(parts.specification, group));
}

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::string json_list(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ",") + quoted(name);
  return "[" + text + "]";
}

std::string json_of(const DescribedNode& node) {
  const auto field = [](std::string_view name, const std::string& value) {
    return "," + quoted(name) + ":" + value;
  };
  std::string text = "{\"name\":" + quoted(node.spec->name);
  switch (node.spec->kind) {
    case NodeKind::kSource:
      text += field("kind", quoted("source")) + field("topics", json_list(node.topics));
      break;
    case NodeKind::kProcessor:
      text += field("kind", quoted("processor")) + field("stores", json_list(node.stores));
      break;
    case NodeKind::kSink:
      text += field("kind", quoted("sink"));
      text += node.topics.empty() ? field("topic", "null") : field("topic", quoted(node.topics[0]));
      break;
  }
  return text + field("parents", json_list(node.parents)) +
         field("children", json_list(node.children)) + "}";
}

/// A name as a Mermaid identifier.
std::string identifier(std::string_view prefix, std::string_view name) {
  std::string id(prefix);
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    id += plain ? c : '_';
  }
  return id;
}

std::string mermaid_node(const DescribedNode& node) {
  const std::string id = identifier("n_", node.spec->name);
  std::string text = "    " + id + "[" + quoted(node.spec->name) + "]\n";
  for (const std::string& store : node.stores) {
    text += "    " + identifier("s_", store) + "[(" + quoted(store) + ")]\n";
    text += "    " + id + " -.- " + identifier("s_", store) + "\n";
  }
  return text;
}

std::string mermaid_edges(const DescribedNode& node) {
  const std::string id = identifier("n_", node.spec->name);
  std::string text;
  for (const std::string& child : node.children) {
    text += "  " + id + " --> " + identifier("n_", child) + "\n";
  }
  for (const std::string& topic : node.topics) {
    const std::string other = identifier("t_", topic) + "([" + quoted(topic) + "])";
    text += node.spec->kind == NodeKind::kSource ? "  " + other + " --> " + id + "\n"
                                                 : "  " + id + " --> " + other + "\n";
  }
  return text;
}

}  // namespace

std::string describe_text(const TopologyParts& parts) {
  std::string text = "Topologies:\n ";
  for (const NodeGroup& group : parts.groups) {
    text += "  Sub-topology: " + std::to_string(group.id);
    text += group.is_global ? " for global store (will not generate tasks)\n" : "\n";
    for (const DescribedNode& node : nodes_of(parts, group)) text += "    " + text_of(node) + "\n";
    if (!group.is_global) text += "\n";
  }
  return text;
}

std::string describe_json(const TopologyParts& parts) {
  std::string text;
  for (const NodeGroup& group : parts.groups) {
    std::string nodes;
    for (const DescribedNode& node : nodes_of(parts, group)) {
      nodes += (nodes.empty() ? "" : ",") + json_of(node);
    }
    text += (text.empty() ? "" : ",") + ("{\"id\":" + std::to_string(group.id)) +
            ",\"global\":" + (group.is_global ? "true" : "false") + ",\"nodes\":[" + nodes + "]}";
  }
  return "{\"subtopologies\":[" + text + "]}";
}

std::string describe_mermaid(const TopologyParts& parts) {
  std::string text = "flowchart TD\n";
  std::string edges;
  for (const NodeGroup& group : parts.groups) {
    const std::string id = std::to_string(group.id);
    text += "  subgraph g" + id + "[\"" + (group.is_global ? "global " : "sub-topology ") + id +
            "\"]\n";
    for (const DescribedNode& node : nodes_of(parts, group)) {
      text += mermaid_node(node);
      edges += mermaid_edges(node);
    }
    text += "  end\n";
  }
  return text + edges;
}

}  // namespace millstream
