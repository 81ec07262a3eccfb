#pragma once

#include <millstream/core/result.h>

#include <string>
#include <string_view>

#include "messages.h"

namespace anomaly {

/// The same messages as JSON objects with the same field names, one line each: for a person with
/// kcat. Numbers are written in their shortest form that reads back the same.
class JsonFormat {
 public:
  template <class M>
  static void write(const M& message, std::string& out);

  /// **Errors**: data: text that is no such object, a required field that is missing.
  template <class M>
  static millstream::Status read(std::string_view text, M& message);
};

}  // namespace anomaly
