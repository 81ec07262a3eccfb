#pragma once

#include <concepts>
#include <type_traits>

#include "messages.h"

namespace anomaly {

/// Whether a reader must find the field, and a writer must write it even if it is 0.
enum class Presence { kOptional, kRequired };

/// Show each field of a message to `visit(number, name, presence, field)`: the one list of them, as
/// in proto/anomaly.proto, from which both formats are made.
template <class M, class Visit>
  requires std::same_as<std::remove_const_t<M>, Metric>
constexpr void visit_fields(M& m, const Visit& visit) {
  visit(1, "series", Presence::kRequired, m.series);
  visit(2, "timestamp_ms", Presence::kRequired, m.timestamp_ms);
  visit(3, "value", Presence::kRequired, m.value);
  visit(4, "produced_at_ms", Presence::kOptional, m.produced_at_ms);
}

template <class M, class Visit>
  requires std::same_as<std::remove_const_t<M>, Contribution>
constexpr void visit_fields(M& m, const Visit& visit) {
  visit(1, "feature", Presence::kRequired, m.feature);
  visit(2, "amount", Presence::kOptional, m.amount);
  visit(3, "value", Presence::kOptional, m.value);
  visit(4, "expected", Presence::kOptional, m.expected);
}

template <class M, class Visit>
  requires std::same_as<std::remove_const_t<M>, Score>
constexpr void visit_fields(M& m, const Visit& visit) {
  visit(1, "series", Presence::kRequired, m.series);
  visit(2, "timestamp_ms", Presence::kRequired, m.timestamp_ms);
  visit(3, "value", Presence::kRequired, m.value);
  visit(4, "score", Presence::kRequired, m.score);
  visit(5, "threshold", Presence::kRequired, m.threshold);
  visit(6, "anomaly", Presence::kOptional, m.anomaly);
  visit(7, "model_version", Presence::kOptional, m.model_version);
  visit(8, "expected", Presence::kOptional, m.expected);
  visit(9, "contributions", Presence::kOptional, m.contributions);
  visit(10, "produced_at_ms", Presence::kOptional, m.produced_at_ms);
}

template <class M, class Visit>
  requires std::same_as<std::remove_const_t<M>, Alert>
constexpr void visit_fields(M& m, const Visit& visit) {
  visit(1, "id", Presence::kOptional, m.id);  // an incident that goes on has none yet
  visit(2, "series", Presence::kRequired, m.series);
  visit(3, "start_ms", Presence::kRequired, m.start_ms);
  visit(4, "end_ms", Presence::kRequired, m.end_ms);
  visit(5, "peak_ms", Presence::kOptional, m.peak_ms);
  visit(6, "peak_score", Presence::kOptional, m.peak_score);
  visit(7, "peak_value", Presence::kOptional, m.peak_value);
  visit(8, "peak_expected", Presence::kOptional, m.peak_expected);
  visit(9, "count", Presence::kRequired, m.count);
  visit(10, "threshold", Presence::kOptional, m.threshold);
  visit(11, "model_version", Presence::kOptional, m.model_version);
  visit(12, "contributions", Presence::kOptional, m.contributions);
  visit(13, "produced_at_ms", Presence::kOptional, m.produced_at_ms);
}

/// The name of a message, for errors.
template <class M>
constexpr const char* message_name() {
  if constexpr (std::same_as<M, Metric>) return "metric";
  if constexpr (std::same_as<M, Contribution>) return "contribution";
  if constexpr (std::same_as<M, Score>) return "score";
  if constexpr (std::same_as<M, Alert>) return "alert";
}

}  // namespace anomaly
