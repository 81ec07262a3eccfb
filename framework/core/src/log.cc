#include <millstream/core/log.h>

#include <cstdio>

namespace millstream {

namespace {

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

void append_value(std::string& out, std::string_view value) {
  const bool quote = value.empty() || value.find_first_of(" =\"\n\r\t") != std::string_view::npos;
  if (!quote) {
    out.append(value);
    return;
  }
  out.push_back('"');
  for (const char c : value) {
    if (c == '"' || c == '\\') out.push_back('\\');
    if (c == '\n') {
      out.append("\\n");
    } else if (c != '\r') {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

}  // namespace

std::string to_logfmt(LogLevel level, std::string_view event, std::span<const LogField> fields) {
  std::string line = "level=";
  line.append(name_of(level)).append(" event=");
  append_value(line, event);
  for (const LogField& field : fields) {
    line.append(" ").append(field.name).append("=");
    append_value(line, field.value);
  }
  return line;
}

void StderrLogger::log(LogLevel level, std::string_view event, std::span<const LogField> fields) {
  if (level < threshold_) return;
  const std::string line = to_logfmt(level, event, fields) + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace millstream
