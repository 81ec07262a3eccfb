#pragma once

#include <millstream/core/config.h>
#include <millstream/core/ids.h>
#include <millstream/core/result.h>
#include <millstream/transport/broker.h>

#include <string>
#include <vector>

namespace anomaly {

/// The topics of the service. **Source**: settings `anomaly.topic.*` and `anomaly.partitions`.
struct Topics {
  std::string metrics = "metrics";
  std::string scores = "scores";
  std::string anomalies = "anomalies";
  std::string alerts = "alerts";
  std::string dead_letters = "metrics-dead-letters";
  millstream::PartitionId partitions = 4;

  static millstream::Result<Topics> from(const millstream::Config& config);
};

/// Make the topics that aren't there; what is there stays as it is. They keep records for ever,
/// since NAB's timestamps are years old and a broker's usual retention would drop them at once.
/// **Errors**: machine: the broker's words.
millstream::Status create_topics(millstream::Admin& admin, const Topics& topics);

/// The number of partitions of a topic. **Errors**: user: it doesn't exist, with the remedy.
millstream::Result<millstream::PartitionId> partitions_of(millstream::Admin& admin,
                                                          const std::string& topic);

}  // namespace anomaly
