#pragma once

#include <cstddef>
#include <string>

#include "row_group.h"

namespace millstream::detail {

/// The groups of rows of one segment of time.
struct RowSegment {
  /// The bytes before the keys of its rows.
  std::string prefix;
  RowGroupTable groups;
  /// A group that isn't in the table has no rows in the database either.
  bool complete = false;
  /// Memory of the groups that hold committed rows.
  std::size_t committed_bytes = 0;
};

}  // namespace millstream::detail
