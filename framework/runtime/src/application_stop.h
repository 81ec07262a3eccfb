#pragma once

#include <millstream/core/result.h>
#include <millstream/core/time.h>

#include <optional>
#include <string>

namespace millstream {

struct RuntimeServices;

/// How one instance asks all of its application to stop: by a note beside the group's offset of the
/// coordination topic, which is of no other use. It holds for the instances that run then; one
/// that starts later doesn't heed it. **Thread**: `request` any; the rest one.
/// **Source**: KIP-671, whose instances tell each other through the group's protocol.
class ApplicationStop {
 public:
  explicit ApplicationStop(const RuntimeServices& services) : services_(&services) {}

  /// Ask all instances to stop, for this reason. **Errors**: kMachine: not a member of the group,
  /// or it doesn't answer.
  [[nodiscard]] Status request(const std::string& reason) const;
  /// This instance begins: what was asked before isn't meant for it.
  void begin(Timestamp now) { began_ = now; }
  /// Whether it's time to look again.
  [[nodiscard]] bool due(Timestamp now) const;
  /// The reason, if all have been asked to stop; nothing while the group doesn't answer.
  [[nodiscard]] std::optional<std::string> look(Timestamp now);

 private:
  const RuntimeServices* services_;
  Timestamp began_;
  Timestamp looked_;
};

}  // namespace millstream
