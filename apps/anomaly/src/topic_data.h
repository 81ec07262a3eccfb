#pragma once

#include <millstream/core/config.h>
#include <millstream/core/log.h>
#include <millstream/core/result.h>
#include <millstream/core/time.h>

#include <filesystem>
#include <string>

#include "data_set.h"
#include "message_serdes.h"

namespace anomaly {

/// Where the metrics to train from are.
struct TopicData {
  std::string topic = "metrics";
  Format format = Format::kProtobuf;
  /// NAB's combined_windows.json, for tuning against labels; empty: no labels.
  std::filesystem::path labels;
};

/// Read the committed metrics of a topic from its beginning to where it ends now, as series in
/// their topic's order. Records that don't parse are counted in a warning, not taken.
/// **Errors**: user: no such topic; data: no record in it, labels that don't parse; machine: the
/// broker's. **Cost**: holds all points: 16 bytes each.
millstream::Result<DataSet> read_topic_data(const TopicData& data, const millstream::Config& config,
                                            const millstream::Clock& clock,
                                            millstream::Logger& logger);

}  // namespace anomaly
