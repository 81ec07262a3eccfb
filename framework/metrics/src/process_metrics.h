#pragma once

#include <string>

namespace millstream {

/// What Prometheus' client libraries say of every process (`process_cpu_seconds_total`,
/// `process_resident_memory_bytes`, …), in the text format; of Linux's /proc, asked now. Without
/// /proc: nothing. **Thread**: any.
[[nodiscard]] std::string process_metrics_text();

}  // namespace millstream
