#include "process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <vector>

namespace millstream {

namespace {

/// The fields of /proc/self/stat from the third on: the second, the name, may hold spaces.
std::vector<double> stat_fields() {
  std::ifstream file("/proc/self/stat");
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos || name_end + 4 > text.size()) return {};
  std::istringstream rest(text.substr(name_end + 4));  // ") S ": the state is a letter
  return {std::istream_iterator<double>(rest), std::istream_iterator<double>()};
}

/// Seconds since 1970 at which the machine started.
double boot_time() {
  std::ifstream file("/proc/stat");
  std::string name;
  double value = 0;
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    if (fields >> name >> value && name == "btime") return value;
  }
  return 0;
}

double open_files() {
  std::error_code fault;
  const std::filesystem::directory_iterator files("/proc/self/fd", fault);
  return fault ? 0 : static_cast<double>(std::distance(begin(files), end(files)));
}

void append(std::string& out, const char* name, const char* help, const char* type, double value) {
  char line[64];
  std::snprintf(line, sizeof line, "%.15g", value);
  out.append("# HELP ").append(name).append(" ").append(help).append("\n");
  out.append("# TYPE ").append(name).append(" ").append(type).append("\n");
  out.append(name).append(" ").append(line).append("\n");
}

}  // namespace

std::string process_metrics_text() {
  // man 5 proc numbers from 1; these begin with its fourth.
  constexpr std::size_t kUserTicks = 14 - 4;
  constexpr std::size_t kSystemTicks = 15 - 4;
  constexpr std::size_t kThreads = 20 - 4;
  constexpr std::size_t kStartTicks = 22 - 4;
  constexpr std::size_t kVirtualBytes = 23 - 4;
  constexpr std::size_t kResidentPages = 24 - 4;
  const std::vector<double> stat = stat_fields();
  if (stat.size() <= kResidentPages) return {};
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  std::string out;
  append(out, "process_cpu_seconds_total", "User and system CPU time.", "counter",
         (stat[kUserTicks] + stat[kSystemTicks]) / ticks);
  append(out, "process_start_time_seconds", "Start of the process, in seconds since 1970.", "gauge",
         boot_time() + stat[kStartTicks] / ticks);
  append(out, "process_resident_memory_bytes", "Resident memory.", "gauge",
         stat[kResidentPages] * static_cast<double>(sysconf(_SC_PAGESIZE)));
  append(out, "process_virtual_memory_bytes", "Virtual memory.", "gauge", stat[kVirtualBytes]);
  append(out, "process_threads", "Threads of the process.", "gauge", stat[kThreads]);
  append(out, "process_open_fds", "Open file descriptors.", "gauge", open_files());
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    append(out, "process_max_fds", "Most file descriptors that may be open.", "gauge",
           static_cast<double>(limit.rlim_cur));
  }
  return out;
}

}  // namespace millstream
