#include <millstream/topology/task_context.h>

namespace millstream {

std::string_view to_string(DropReason reason) {
  switch (reason) {
    case DropReason::kNullKey:
      return "null_key";
    case DropReason::kNullValue:
      return "null_value";
    case DropReason::kLate:
      return "late";
    case DropReason::kExpired:
      return "expired";
    case DropReason::kInvalidTimestamp:
      return "invalid_timestamp";
    case DropReason::kNullJoinKey:
      return "null_join_key";
    case DropReason::kNoWindow:
      return "no_window";
  }
  return "unknown";
}

}  // namespace millstream
