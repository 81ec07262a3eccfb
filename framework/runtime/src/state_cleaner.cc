#include "state_cleaner.h"

#include <algorithm>
#include <filesystem>
#include <vector>

namespace millstream {

namespace {

namespace fs = std::filesystem;

/// How often the directory is looked at, at least.
constexpr Duration kLook{1'000};

/// The tasks whose state lies in a directory.
std::vector<TaskId> stored_tasks(const std::string& root) {
  std::vector<TaskId> tasks;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(root, failed)) {
    const auto task = TaskId::parse(entry.path().filename().string());
    std::error_code ignored;
    if (!task || entry.is_symlink(ignored) || !entry.is_directory(ignored)) continue;
    if (!fs::exists(entry.path() / "CURRENT", ignored)) continue;  // no RocksDB: not ours
    tasks.push_back(*task);
  }
  return tasks;
}

}  // namespace

bool StateCleaner::due(Timestamp now) const {
  return !last_ || now - *last_ >= std::max(kLook, services_->config.state_cleanup_delay / 10);
}

void StateCleaner::step(const std::set<TaskId>& in_use, Timestamp now) {
  if (!due(now)) return;
  const Duration delay = services_->config.state_cleanup_delay;
  last_ = now;
  std::map<TaskId, Timestamp> unowned;
  for (const TaskId task : stored_tasks(services_->state_root)) {
    if (in_use.contains(task)) continue;
    const auto before = unowned_since_.find(task);
    const Timestamp since = before == unowned_since_.end() ? now : before->second;
    if (now - since < delay) {
      unowned.emplace(task, since);
      continue;
    }
    std::error_code failed;
    fs::remove_all(services_->state_root + "/" + task.to_string(), failed);
    services_->logger->info(
        "removes the state of a task that others have",
        {{"task", task.to_string()}, {"error", failed ? failed.message() : "none"}});
  }
  unowned_since_ = std::move(unowned);
}

}  // namespace millstream
