#pragma once

#include <millstream/core/time.h>

#include <string>
#include <vector>

#include "alert_notice.h"

namespace anomaly {

/// One thing to know about an alert.
struct AlertFact {
  std::string name;  ///< At most 8 characters.
  std::string text;
};

/// When, how bad, the value, and why (if that is known).
[[nodiscard]] std::vector<AlertFact> alert_facts(const AlertNotice& notice);

/// "2014-04-10 07:15 UTC".
[[nodiscard]] std::string time_text(millstream::Timestamp time);
/// "45 min", "1 h 05 min", "2 d 3 h".
[[nodiscard]] std::string span_text(millstream::Duration span);
/// At most four significant digits.
[[nodiscard]] std::string number_text(double number);

}  // namespace anomaly
