#include "demo_folder.h"

#include <fmt/format.h>

#include <system_error>

#include "alert_file.h"
#include "csv_series.h"

namespace anomaly {

namespace fs = std::filesystem;
using millstream::Error;
using millstream::Status;

namespace {

/// Begins the file that marks a state as the demo's.
const std::string kIdentityHead = "anomaly demo\n";

fs::path identity_file(const DemoFolder& folder) { return folder.state() / "identity"; }

Error failure(const fs::path& path, const std::error_code& error) {
  return Error::machine(
      fmt::format("{}: {}; check its permissions", path.string(), error.message()));
}

}  // namespace

DemoState look_at_state(const DemoFolder& folder, const std::string& identity) {
  std::error_code ignored;
  if (!fs::exists(folder.state(), ignored) || fs::is_empty(folder.state(), ignored)) {
    return DemoState::kNew;
  }
  const auto found = read_text_file(identity_file(folder));
  if (!found || !found->starts_with(kIdentityHead)) return DemoState::kForeign;
  return *found == kIdentityHead + identity ? DemoState::kOurs : DemoState::kOther;
}

Status drop_state(const DemoFolder& folder) {
  const DemoState state = look_at_state(folder, {});
  if (state == DemoState::kNew) return {};
  if (state == DemoState::kForeign) {
    return Error::user(fmt::format(
        "{} wasn't made by the demo and is left alone: take another folder with --out DIR",
        folder.state().string()));
  }
  for (const fs::path& path :
       {folder.state(), folder.mails(), folder.report(), folder.scores(), folder.log()}) {
    std::error_code error;
    fs::remove_all(path, error);
    if (error) return failure(path, error);
  }
  return {};
}

Status begin_state(const DemoFolder& folder, const std::string& identity) {
  std::error_code error;
  fs::create_directories(folder.state(), error);
  if (error) return failure(folder.state(), error);
  return write_whole_file(identity_file(folder), kIdentityHead + identity);
}

}  // namespace anomaly
