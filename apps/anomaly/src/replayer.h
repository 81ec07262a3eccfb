#pragma once

#include <millstream/core/ids.h>
#include <millstream/core/result.h>
#include <millstream/core/time.h>
#include <millstream/transport/broker.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "data_set.h"
#include "merged_records.h"
#include "message_serdes.h"

namespace anomaly {

/// How a data set is replayed.
struct ReplayOptions {
  std::string topic = "metrics";
  Format format = Format::kProtobuf;
  double rate = 0;   ///< Records a second at most; 0: no bound.
  double speed = 0;  ///< Event time passes so many times as fast as time does; 0: no bound.
  MergedRecords::Options records;
};

/// Writes the merged records of a data set into a topic, keyed by series, in an order that follows
/// from the data alone. So a partition's end says how far an earlier replay came, and a new one
/// goes on there, whenever and however the earlier one ended. Bad lines are written as they are,
/// with a header that says what is wrong: they don't parse and so come to the dead letters like
/// anybody's.
/// **Thread**: one. **Lifetime**: data, broker and clock must outlive it.
class Replayer {
 public:
  Replayer(const DataSet& data, millstream::Broker& broker, const millstream::Clock& clock,
           ReplayOptions options);

  /// See how much is there already. **Errors**: user: no such topic; machine: the broker's.
  millstream::Status open();

  /// Write what is due, at most `limit` records, without waiting. How long until the next record is
  /// due: zero when some are; nothing when all have been written and acknowledged.
  /// **Errors**: machine: the broker's; user: the topic holds other records. The replay is over
  /// then.
  millstream::Result<std::optional<std::chrono::nanoseconds>> step(std::size_t limit);

  /// Wait until everything written is acknowledged. **Errors**: machine: the broker's.
  millstream::Status flush();

  /// Records passed since the beginning, those of earlier replays included.
  [[nodiscard]] std::uint64_t position() const { return found_ + sent_; }
  /// Records found in the topic when it was opened.
  [[nodiscard]] std::uint64_t found() const { return found_; }
  /// The event time of the next record; nothing at the end.
  [[nodiscard]] std::optional<millstream::Timestamp> event_time() const;

 private:
  void expect(std::vector<std::int64_t> ends);
  millstream::Status send(const MergedRecord& record);
  millstream::Status send_bytes(const MergedRecord& record, const millstream::Headers* headers);
  [[nodiscard]] std::chrono::nanoseconds due_in(const MergedRecord& record) const;
  [[nodiscard]] std::optional<MergedRecord> take_next();
  millstream::Result<std::optional<std::chrono::nanoseconds>> finish();

  const DataSet& data_;
  millstream::Broker& broker_;
  const millstream::Clock& clock_;
  ReplayOptions options_;
  MessageSerde<Metric> serde_;
  MergedRecords records_;
  std::unordered_map<const DataSeries*, millstream::PartitionId> partition_of_;
  std::vector<std::int64_t> found_left_;  // by partition: found there and not passed yet
  std::unique_ptr<millstream::Producer> producer_;
  std::optional<MergedRecord> next_;
  bool flushed_ = false;
  Metric metric_;
  std::string bytes_;
  std::uint64_t found_ = 0;
  std::uint64_t sent_ = 0;
  std::chrono::nanoseconds began_{};
  std::int64_t began_event_time_ = 0;
};

}  // namespace anomaly
