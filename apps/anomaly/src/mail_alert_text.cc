#include "mail_alert_text.h"

#include <array>
#include <chrono>
#include <cstdio>

namespace anomaly {

namespace {

template <class... Args>
std::string format(const char* pattern, Args... args) {
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), pattern, args...);
  return buffer.data();
}

std::string when_text(const AlertNotice& notice) {
  if (notice.start == notice.end) return time_text(notice.start);
  return time_text(notice.start) + " to " + time_text(notice.end) + " (" +
         span_text(notice.end - notice.start) + "), worst at " + time_text(notice.peak_time);
}

std::string badness_text(const AlertNotice& notice) {
  std::string out = "score " + number_text(notice.peak_score);
  if (notice.threshold > 0) out += " (threshold " + number_text(notice.threshold) + ")";
  if (notice.count == 1) out += ", 1 anomalous record";
  if (notice.count > 1) out += ", " + std::to_string(notice.count) + " anomalous records";
  return out;
}

std::string value_text(const AlertNotice& notice) {
  std::string out = number_text(notice.peak_value);
  if (notice.peak_expected != 0) out += ", usually about " + number_text(notice.peak_expected);
  return out;
}

}  // namespace

std::string time_text(millstream::Timestamp time) {
  using namespace std::chrono;
  if (!time.is_valid()) return "an unknown time";
  const sys_time<milliseconds> point{milliseconds(time.ms())};
  const auto day = floor<days>(point);
  const year_month_day date(day);
  const auto minutes_of_day = floor<minutes>(point - day).count();
  return format("%04d-%02u-%02u %02d:%02d UTC", int(date.year()), unsigned(date.month()),
                unsigned(date.day()), static_cast<int>(minutes_of_day / 60),
                static_cast<int>(minutes_of_day % 60));
}

std::string span_text(millstream::Duration span) {
  const long long seconds = span.count() / 1000;
  const long long minutes = seconds / 60;
  const long long hours = minutes / 60;
  if (minutes < 1) return format("%lld s", seconds);
  if (hours < 1) return format("%lld min", minutes);
  if (hours < 24) return format("%lld h %02lld min", hours, minutes % 60);
  return format("%lld d %lld h", hours / 24, hours % 24);
}

std::string number_text(double number) { return format("%.4g", number); }

std::vector<AlertFact> alert_facts(const AlertNotice& notice) {
  std::vector<AlertFact> facts{{"when", when_text(notice)},
                               {"how bad", badness_text(notice)},
                               {"value", value_text(notice)}};
  if (!notice.explanation.empty()) facts.push_back({"why", notice.explanation});
  return facts;
}

}  // namespace anomaly
