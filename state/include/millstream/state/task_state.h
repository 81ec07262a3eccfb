#pragma once

#include <millstream/core/ids.h>
#include <millstream/core/log.h>
#include <millstream/core/result.h>
#include <millstream/core/time.h>
#include <millstream/rocks/database.h>
#include <millstream/state/byte_store.h>
#include <millstream/state/store_spec.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace millstream {

/// One change as the changelog topic has it: key and value in Kafka Streams' bytes.
/// A timestamp of none(): the task's current record time, which the runtime knows.
/// **Lifetime**: views during the call that hands it over.
struct ChangelogRecord {
  std::string_view key;
  std::optional<std::string_view> value;
  Timestamp timestamp;
};

/// What a commit of a task says beside its changes: the same content goes into the commit record on
/// the broker and, with the spilt state, into RocksDB. **Source**: docs/exactly-once.md.
struct CommitMark {
  /// Number of the commit: 1, 2, 3, … without gaps. 0: never committed.
  std::uint64_t number = 0;
  /// Made when the task's state was first created; tells copied or recreated state apart.
  std::string lineage;
  /// Next offset of each source partition.
  std::map<TopicPartition, Offset> input_offsets;
  /// For each store with a changelog: the changelog position up to which the store is complete.
  std::map<std::string, Offset> changelog_positions;
  /// The operators' own small state (stream times, punctuation, sequence numbers), by name.
  std::map<std::string, std::string> operator_state;
  /// When it was made, by the wall clock: "complete as of".
  Timestamp committed_at;

  friend bool operator==(const CommitMark&, const CommitMark&) = default;

  /// The bytes of the mark, versioned and checksummed. **Errors** of parse: kData.
  [[nodiscard]] std::string serialize() const;
  static Result<CommitMark> parse(std::string_view bytes);
};

struct TaskStateOptions {
  TaskId task;
  std::vector<StoreSpec> stores;
  /// The task's directory; empty: nothing is kept (tests, and tasks with only in-memory stores).
  std::string directory;
  /// Shared resources; needed where `directory` is set.
  RocksResources* resources = nullptr;
  /// Bound of the write buffers of this task, committed and clean entries included. **Units**:
  /// bytes.
  std::size_t buffer_budget = std::size_t{16} << 20U;
  /// Without transactions a changelog keeps what a commit wrote that then failed. Then the rows of
  /// an aborted commit are written again with the next one, as they are by then. (Not those of
  /// kVersioned, whose changelog is their history.)
  bool rewrites_aborted = false;
  Logger* logger = nullptr;
};

/// Whether committed changes should be written to the database.
enum class SpillNeed {
  kNone,
  kSoon,  ///< They have waited for long: at one of the next commits.
  kNow,   ///< They take half of the memory, or have waited for too long.
};

/// All state of one task: its stores, their write buffers, and the mark of the last commit.
///
/// While processing, changes are *dirty*. `mark_committed` makes them *committed* once the broker
/// has the commit; `abort` drops them. `spill` writes committed entries and the mark to RocksDB in
/// one batch. Reads look at dirty, committed, RocksDB, in that order.
/// **Thread**: the task's. **Errors**: Status for opening and spilling; StoreError from the stores.
class TaskState {
 public:
  static Result<std::unique_ptr<TaskState>> open(TaskStateOptions options);
  virtual ~TaskState() = default;

  /// The store of that name; a bug to ask for one that was not specified. **Lifetime**: as this.
  [[nodiscard]] virtual ByteStore& store(std::string_view name) = 0;
  [[nodiscard]] virtual const std::vector<StoreSpec>& specs() const = 0;

  /// Visit each dirty entry of a store with logging, once a key, as its changelog record.
  using ChangeVisitor = std::function<void(const ChangelogRecord&)>;
  virtual void for_each_change(std::string_view store, const ChangeVisitor& visit) = 0;
  [[nodiscard]] virtual bool has_changes() const = 0;
  /// Whether changes in stores without caching take an eighth of the budget (at least 256 KiB):
  /// those go to the changelog one by one, so that waiting for the commit interval spares nothing
  /// and takes room.
  /// **Source**: `statestore.uncommitted.max.bytes` of KIP-892, which counts all stores.
  [[nodiscard]] virtual bool wants_commit() const = 0;

  /// The broker has committed this: dirty entries become committed ones.
  virtual void mark_committed(CommitMark mark) = 0;
  /// Drop what is dirty.
  virtual void abort() = 0;
  /// Whether so much is committed and not yet spilt, or for so long, that it should be.
  [[nodiscard]] virtual SpillNeed spill_need() const = 0;
  /// Write the committed entries and the last mark as one batch.
  virtual Status spill() = 0;

  /// What the directory holds: the mark of the last spill; nothing in a new one.
  [[nodiscard]] virtual const std::optional<CommitMark>& stored_mark() const = 0;
  /// The changelog position up to which each store is complete in the directory; moves with
  /// restore.
  [[nodiscard]] virtual std::map<std::string, Offset> restored_positions() const = 0;
  /// Apply records of a store's changelog, in order, up to `position` (exclusive): a restore may
  /// stop and go on anywhere. Records go through the write buffer, so that keys are deduplicated
  /// and sorted, and from there, with the position, in batches to the directory: by themselves when
  /// they are enough (`spill_need`), else with the next `spill`, `finish_restore` or `close`. Not
  /// inside a transaction. **Errors**: kData for a record that no such store wrote; kMachine.
  virtual Status restore(std::string_view store, std::span<const ChangelogRecord> records,
                         Offset position) = 0;
  /// Note records that an interrupted commit has left in a store's changelog: they aren't applied,
  /// and their rows are written again with the next commit. Needs `rewrites_aborted`. **Errors**:
  /// kData for a record that no such store wrote.
  virtual Status note_interrupted(std::string_view store,
                                  std::span<const ChangelogRecord> records) = 0;
  /// Every position has reached the ends that `mark` names: this is the state of that commit now.
  virtual Status finish_restore(CommitMark mark) = 0;
  /// Drop everything: stores, positions, mark.
  virtual Status wipe() = 0;

  /// Bytes held in write buffers.
  [[nodiscard]] virtual std::size_t buffered_bytes() const = 0;
  /// Bytes of a store in the database, files and memtables; 0 for one in memory. A rough number.
  [[nodiscard]] virtual std::uint64_t database_bytes(std::string_view store) const = 0;
  /// Spill if asked to, and close the files.
  virtual Status close(bool spill_committed) = 0;
};

}  // namespace millstream
