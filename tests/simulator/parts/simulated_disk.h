#pragma once

#include "dice.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millstream::simulation {

/// The databases of all simulated machines, by path. A write survives a killed process; a lost
/// machine keeps only a prefix of what was written since the last sync, as RocksDB's WAL does.
class SimulatedDisk {
 public:
  struct Change {
    std::string family;
    std::string key;
    std::optional<std::string> value;
  };
  using Write = std::vector<Change>;
  using Families = std::map<std::string, std::map<std::string, std::string>>;
  struct Files {
    Families synced;
    std::vector<Write> unsynced;
    Families now;
    bool open = false;
  };

  SimulatedDisk() = default;
  ~SimulatedDisk();
  SimulatedDisk(const SimulatedDisk&) = delete;
  SimulatedDisk& operator=(const SimulatedDisk&) = delete;
  /// From now on databases are opened here; `Database::open` has no other way to know.
  void mount();
  [[nodiscard]] static SimulatedDisk& mounted();

  [[nodiscard]] Files& files(const std::string& path) { return files_[path]; }
  /// Called with each write before it is done.
  std::function<void(const std::string& path, const Write&)> on_write;

  /// The machine with paths under `root` has lost its power.
  void lose_power(const std::string& root, Dice& dice);
  /// Its directory is gone.
  void lose_files(const std::string& root);
  /// Its process was killed: nothing holds its databases any more.
  void release(const std::string& root);

 private:
  std::map<std::string, Files> files_;
};

}  // namespace millstream::simulation
