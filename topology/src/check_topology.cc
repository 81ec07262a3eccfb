#include "check_topology.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

namespace millstream {

namespace {

/// One check after the other, each adding its faults.
class Checker {
 public:
  explicit Checker(const Topology::Specification& topology)
      : topology_(topology), faults_(topology.faults) {}

  std::vector<std::string> run() && {
    check_names();
    check_parents();
    check_topics();
    check_stores();
    check_copartitioning();
    return std::move(faults_);
  }

 private:
  void fault(std::string text) { faults_.push_back(std::move(text)); }

  void check_name(std::string_view what, const std::string& name) {
    const auto is_legal = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '.' || c == '_' || c == '-';
    };
    constexpr std::size_t kLongest = 249;
    if (!name.empty() && name != "." && name != ".." && name.size() <= kLongest &&
        std::all_of(name.begin(), name.end(), is_legal)) {
      return;
    }
    fault(std::string(what) + " \"" + name +
          "\" has an illegal name: letters, digits, '.', '_' and '-', at most 249");
  }

  void check_names() {
    if (topology_.nodes.empty()) fault("the topology is empty: add a source");
    for (const NodeSpec& node : topology_.nodes) {
      check_name("node", node.name);
      if (!nodes_.emplace(node.name, &node).second) {
        fault("two nodes are named " + node.name + ": give one of them another name");
      }
    }
  }

  void check_parents() {
    std::set<std::string_view> before;
    for (const NodeSpec& node : topology_.nodes) {
      if (node.kind != NodeKind::kSource && node.parents.empty()) {
        fault("node " + node.name + " has no parent: name one");
      }
      for (const std::string& parent : node.parents) check_parent(node, parent, before);
      before.insert(node.name);
    }
  }

  void check_parent(const NodeSpec& node, const std::string& name,
                    const std::set<std::string_view>& before) {
    const auto found = nodes_.find(name);
    if (found == nodes_.end()) {
      return fault("node " + node.name + " names the parent " + name + ", which isn't there");
    }
    if (!before.contains(name)) {
      return fault("node " + node.name + " comes before its parent " + name +
                   ": add parents first");
    }
    const auto output = found->second->factory->output();
    const auto input = node.factory->input();
    if (!output) {
      return fault("node " + name + " puts nothing out, so it can't be the parent of " + node.name);
    }
    if (input && !(*input == *output)) {
      fault("node " + node.name + " takes " + input->to_string() + ", but its parent " + name +
            " puts out " + output->to_string());
    }
  }

  void check_topics() {
    std::map<std::string_view, std::string_view> read_by;
    for (const NodeSpec& node : topology_.nodes) {
      if (node.kind == NodeKind::kSource && node.topics.empty()) {
        fault("source " + node.name + " reads no topic");
      }
      for (const SourceTopic& topic : node.topics) {
        check_name("topic", topic.name);
        if (node.kind != NodeKind::kSource) continue;
        check_reset_policy(node, topic);
        const auto [first, is_new] = read_by.emplace(topic.name, node.name);
        if (!is_new) {
          fault("topic " + topic.name + " is read by the sources " + std::string(first->second) +
                " and " + node.name + ": read it once, and use that twice");
        }
      }
    }
  }

  void check_reset_policy(const NodeSpec& node, const SourceTopic& topic) {
    if (!topic.reset_policy || *topic.reset_policy == "earliest" ||
        *topic.reset_policy == "latest" || *topic.reset_policy == "none") {
      return;
    }
    fault("source " + node.name + " has the reset policy \"" + *topic.reset_policy +
          "\": use earliest, latest or none");
  }

  void check_stores() {
    std::set<std::string> names;
    for (const GlobalStore& global : topology_.globals) {
      check_name("store", global.store.name);
      if (!names.insert(global.store.name).second) fault_twice(global.store.name);
    }
    const std::set<std::string> globals = names;
    for (const auto& store : topology_.stores) {
      check_name("store", store.spec.name);
      if (!names.insert(store.spec.name).second) fault_twice(store.spec.name);
      check_users(store);
    }
    for (const NodeSpec& node : topology_.nodes) {
      for (const std::string& store : node.stores) {
        if (!names.contains(store)) {
          fault("node " + node.name + " uses the store " + store +
                ", which isn't there: add it with add_state_store");
        } else if (globals.contains(store)) {
          fault("store " + store + " is global and needs no connection to node " + node.name);
        }
      }
    }
  }

  void fault_twice(const std::string& store) {
    fault("two stores are named " + store +
          ": add it once and connect it to all its processors, or give one another name");
  }

  void check_users(const Topology::Specification::Store& store) {
    for (const std::string& processor : store.processors) {
      const auto node = nodes_.find(processor);
      if (node == nodes_.end() || node->second->kind != NodeKind::kProcessor) {
        fault("store " + store.spec.name + " is connected to " + processor +
              ", which is no processor");
      }
    }
    const bool used = !store.processors.empty() ||
                      std::any_of(topology_.nodes.begin(), topology_.nodes.end(), [&](auto& node) {
                        return std::find(node.stores.begin(), node.stores.end(), store.spec.name) !=
                               node.stores.end();
                      });
    if (!used) {
      fault("store " + store.spec.name +
            " is connected to no processor: name it where its processor is added");
    }
  }

  void check_copartitioning() {
    for (const auto& group : topology_.copartitioned) {
      for (const std::string& source : group) {
        const auto node = nodes_.find(source);
        if (node == nodes_.end() || node->second->kind != NodeKind::kSource) {
          fault(source + " is to be co-partitioned, but it is no source");
        }
      }
    }
  }

  const Topology::Specification& topology_;
  std::vector<std::string> faults_;
  std::map<std::string_view, const NodeSpec*> nodes_;
};

}  // namespace

std::vector<std::string> find_faults(const Topology::Specification& topology) {
  return Checker(topology).run();
}

std::vector<std::string> connected_stores(const Topology::Specification& topology,
                                          const NodeSpec& node) {
  std::vector<std::string> names;
  const auto add = [&](const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const std::string& name : node.stores) add(name);
  for (const auto& store : topology.stores) {
    for (const std::string& processor : store.processors) {
      if (processor == node.name) add(store.spec.name);
    }
  }
  return names;
}

}  // namespace millstream
