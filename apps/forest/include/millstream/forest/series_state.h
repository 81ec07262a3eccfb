#pragma once

#include <cstdint>

namespace millstream::forest {

/// What a detector of one series says of a record.
struct SeriesScore {
  double score = 0;      ///< 0 as long as it cannot tell.
  double threshold = 0;  ///< What the score had to reach.
  bool alarm = false;    ///< It did, and nothing speaks against an alarm.
};

/// Records in a block. The state of a detector of one series (OnlineForest, SeriesForest) is a
/// head, and then blocks of what it keeps of each record, in order. A store that keeps them apart
/// writes only the head and the last block after a record. Blocks are numbered from the first
/// record on, and at most `slots` of them are needed at a time.
inline constexpr std::uint64_t kBlockRecords = 64;

/// The blocks that a state needs.
struct BlockRange {
  std::uint64_t first = 0;
  std::uint64_t end = 0;    ///< One past the last.
  std::uint64_t slots = 1;  ///< Never more than that many; the same for all states of a detector.
};

}  // namespace millstream::forest
