#pragma once

#include <millstream/core/ids.h>
#include <millstream/core/result.h>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "alert_batcher.h"
#include "mail_digest.h"

namespace anomaly {

/// A mail that is to be sent, kept until it has been.
struct OutgoingMail {
  AlertDigest digest;
  int refusals = 0;
};

/// Everything the alert service must not forget: written before a mail goes out and after, so that
/// a crash in between repeats the same mail with the same Message-ID.
struct AlertState {
  AlertBatcher::State batcher;
  std::vector<OutgoingMail> outbox;
  /// The next offset to read of each source, in the source's own names ("alerts-0").
  std::map<std::string, millstream::Offset> positions;
};

[[nodiscard]] std::string to_json(const AlertState& state);
/// **Errors**: kData: it isn't what `to_json` wrote.
millstream::Result<AlertState> parse_alert_state(std::string_view text);

/// The state in a file; a new one if there is none.
/// **Errors**: kMachine, naming the file and the remedy.
millstream::Result<AlertState> load_alert_state(const std::filesystem::path& file);

}  // namespace anomaly
