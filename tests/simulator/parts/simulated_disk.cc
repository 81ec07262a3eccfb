#include "simulated_disk.h"

#include <millstream/core/assert.h>

namespace millstream::simulation {

namespace {

SimulatedDisk*& mounted_disk() {
  thread_local SimulatedDisk* disk = nullptr;
  return disk;
}

void carry_out(const SimulatedDisk::Write& write, SimulatedDisk::Families& families) {
  for (const auto& [family, key, value] : write) {
    if (value) {
      families[family][key] = *value;
    } else {
      families[family].erase(key);
    }
  }
}

}  // namespace

SimulatedDisk::~SimulatedDisk() {
  if (mounted_disk() == this) mounted_disk() = nullptr;
}

void SimulatedDisk::mount() { mounted_disk() = this; }

SimulatedDisk& SimulatedDisk::mounted() {
  MILLSTREAM_ASSERT(mounted_disk() != nullptr, "no simulated disk is mounted");
  return *mounted_disk();
}

void SimulatedDisk::lose_power(const std::string& root, Dice& dice) {
  for (auto& [path, files] : files_) {
    if (!path.starts_with(root + "/")) continue;
    const std::size_t kept = dice.index(files.unsynced.size() + 1);
    for (std::size_t i = 0; i < kept; ++i) carry_out(files.unsynced[i], files.synced);
    files.unsynced.clear();
    files.now = files.synced;
    files.open = false;
  }
}

void SimulatedDisk::lose_files(const std::string& root) {
  std::erase_if(files_, [&](const auto& one) { return one.first.starts_with(root + "/"); });
}

void SimulatedDisk::release(const std::string& root) {
  for (auto& [path, files] : files_) {
    if (path.starts_with(root + "/")) files.open = false;
  }
}

}  // namespace millstream::simulation
