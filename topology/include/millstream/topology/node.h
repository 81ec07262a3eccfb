#pragma once

#include <millstream/core/record.h>
#include <millstream/state/byte_store.h>
#include <millstream/state/errors.h>
#include <millstream/topology/errors.h>
#include <millstream/topology/task_context.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <exception>
#include <string>
#include <string_view>
#include <typeindex>
#include <utility>
#include <vector>

namespace millstream {

/// What is known of a record before its turn.
struct ComingRecord {
  /// As it was serialised. **Lifetime**: the call.
  std::string_view key;
  /// The broker's; an extractor may find another one.
  Timestamp timestamp;
  PrefetchStep step;
};

/// A node of a task's topology: made anew for each task from its immutable specification, and when
/// a task goes back to its last commit.
/// **Thread**: the task's.
class Node {
 public:
  explicit Node(std::string name) : name_(std::move(name)) {}
  virtual ~Node() = default;
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }

  /// Attach a child; children are called in the order in which they were attached. The topology has
  /// checked that the child takes what this node puts out.
  virtual void connect(Node& child) = 0;
  /// Called once, parents before children, before the first record.
  virtual void init(TaskContext& context) = 0;
  /// Hand on what is held back until commit (record caches).
  virtual void flush() {}
  /// No record below `time` is coming any more, though none said so: the input is idle or at its
  /// end. Operators with a stream time of their own move it up to `time` and emit what that closes.
  virtual void advance_stream_time(Timestamp time) { static_cast<void>(time); }
  /// A hint, given in steps: this record comes soon. A node that will look up its key asks memory
  /// for what it will touch, since with many keys it's waiting for memory that takes the time; one
  /// whose records keep their key hands it on. Nothing else may depend on it.
  virtual void prefetch(const ComingRecord& record) { static_cast<void>(record); }
  /// Whether `prefetch` does anything.
  [[nodiscard]] virtual bool prefetches() const { return false; }
  /// Called once, children before parents.
  virtual void close() {}

  /// The counter of a new edge that leads here: whoever forwards along it counts, so that the
  /// rates of all edges are known for an increment a record. **Lifetime**: as the node.
  [[nodiscard]] std::uint64_t& add_arrivals() { return arrivals_.emplace_back(0); }
  /// Records that came, for each edge that leads here, in the order of connection.
  [[nodiscard]] const std::deque<std::uint64_t>& arrivals() const { return arrivals_; }

 private:
  std::string name_;
  std::deque<std::uint64_t> arrivals_;
};

/// What takes records of one type: the typed edge, one virtual call.
template <class K, class V>
class Input {
 public:
  virtual ~Input() = default;
  virtual void process(const Record<K, V>& record) = 0;
};

/// The children of a node. An exception of a child's own code goes to the processing handler under
/// the child's name; if that says continue, the next child has its turn.
template <class K, class V>
class Outputs {
 public:
  /// **Errors**: a child that doesn't take K, V is a bug of whoever checked the topology.
  void connect(Node& child) {
    children_.push_back({&dynamic_cast<Input<K, V>&>(child), &child, &child.add_arrivals()});
  }
  void init(TaskContext& context) { context_ = &context; }

  void forward(const Record<K, V>& record) const {
    for (const Child& child : children_) deliver(child, record);
  }
  /// Forward to one child by name; false if there is none of that name.
  [[nodiscard]] bool forward_to(std::string_view name, const Record<K, V>& record) const {
    for (const Child& child : children_) {
      if (child.node->name() != name) continue;
      deliver(child, record);
      return true;
    }
    return false;
  }
  [[nodiscard]] bool empty() const { return children_.empty(); }

  void prefetch(const ComingRecord& record) const {
    for (const Child& child : children_) child.node->prefetch(record);
  }
  [[nodiscard]] bool prefetches() const {
    return std::any_of(children_.begin(), children_.end(),
                       [](const Child& child) { return child.node->prefetches(); });
  }

 private:
  struct Child {
    Input<K, V>* input;
    Node* node;
    std::uint64_t* arrivals;
  };

  void deliver(const Child& child, const Record<K, V>& record) const {
    ++*child.arrivals;
    try {
      child.input->process(record);
    } catch (const StreamsError&) {
      throw;
    } catch (const StoreError&) {
      throw;
    } catch (const std::exception& error) {
      context_->on_processing_error(child.node->name(), error.what());
    }
  }

  std::vector<Child> children_;
  TaskContext* context_ = nullptr;
};

/// The oldest record of a source partition, deserialised, waiting for its turn.
/// **Source**: RecordQueue of Kafka Streams, which also deserialises the head alone.
class SourceHead {
 public:
  enum class Outcome { kReady, kSkip };

  virtual ~SourceHead() = default;
  /// Deserialise a record and extract its timestamp. kSkip: a handler or an extractor said so (it
  /// has been counted). The record's bytes must live until `process`.
  /// **Errors**: StreamsError when a handler says fail.
  virtual Outcome load(const RawRecord& record, Timestamp partition_time) = 0;
  /// The extracted timestamp of the loaded record.
  [[nodiscard]] virtual Timestamp timestamp() const = 0;
  /// Send the loaded record down the topology.
  virtual void process() = 0;
  /// See Node::prefetch.
  virtual void prefetch(const ComingRecord& record) = 0;
  [[nodiscard]] virtual bool prefetches() const = 0;
};

/// A source of a task's topology, as the task sees it.
class SourceNode : public Node {
 public:
  using Node::Node;
  /// A head for one topic's partition. **Lifetime**: as the node.
  [[nodiscard]] virtual std::unique_ptr<SourceHead> make_head() = 0;
};

}  // namespace millstream
