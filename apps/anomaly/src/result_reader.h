#pragma once

#include <millstream/core/result.h>
#include <millstream/core/time.h>
#include <millstream/transport/broker.h>

#include <memory>

#include "message_serdes.h"
#include "results.h"
#include "topics.h"

namespace anomaly {

/// Reads the committed topics of the service from their beginning, as anybody outside would: only
/// what a transaction has committed counts. **Thread**: one.
class ResultReader {
 public:
  /// **Errors**: the broker's.
  static millstream::Result<ResultReader> open(millstream::Broker& broker, const Topics& topics,
                                               Format format, const millstream::Clock& clock);

  /// Take in what has arrived; waits up to `timeout` for the first record.
  /// **Errors**: data: a record that doesn't parse; machine: the broker's.
  millstream::Status poll(millstream::Duration timeout);

  /// Whether everything that is committed now has been read. **Errors**: the broker's.
  millstream::Result<bool> is_at_end();

  [[nodiscard]] const Results& results() const { return results_; }
  [[nodiscard]] const Latencies& latencies() const { return latencies_; }

 private:
  ResultReader(millstream::Broker& broker, Topics topics, Format format,
               const millstream::Clock& clock);
  millstream::Status assign();
  millstream::Status take(const std::string& topic, const millstream::FetchedRecord& record);
  millstream::Status take_score(std::string_view bytes);

  millstream::Broker* broker_;
  Topics topics_;
  Format format_;
  const millstream::Clock* clock_;
  millstream::Timestamp opened_;
  std::unique_ptr<millstream::Consumer> consumer_;
  std::vector<millstream::TopicPartition> partitions_;
  Results results_;
  Latencies latencies_;
  Score score_;
};

}  // namespace anomaly
