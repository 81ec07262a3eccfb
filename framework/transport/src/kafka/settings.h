#pragma once

#include <millstream/core/config.h>

#include <string>
#include <utility>
#include <vector>

#include "handles.h"

namespace millstream::kafka {

/// What a client is for: decides which prefixed settings it takes.
enum class Role {
  kConsumer,    ///< `consumer.`
  kMembership,  ///< `consumer.` too
  kProducer,    ///< `producer.`
  kAdmin,       ///< `admin.`
};

using SettingList = std::vector<std::pair<std::string, std::string>>;

/// The librdkafka settings within an application's configuration.
///
/// A setting named as in librdkafka goes to every client, one prefixed with `consumer.`,
/// `producer.` or `admin.` only to those, and wins there. Unprefixed settings that librdkafka does
/// not know are other people's and left alone; prefixed ones, and `security.`, `sasl.` and `ssl.`,
/// must be known to it. Settings on which the protocol rests are pinned: giving them another value
/// is an error.
/// **Thread**: immutable.
class Settings {
 public:
  /// **Errors**: kUser: no bootstrap.servers, a pinned, unknown or bad setting, each named.
  static Result<Settings> from(const Config& config);

  [[nodiscard]] const std::string& bootstrap() const { return bootstrap_; }

  /// What a client starts from: `defaults`, over them what the application set, over that `own`.
  /// **Errors**: kUser for a value that librdkafka does not take.
  [[nodiscard]] Result<ConfPtr> conf(Role role, const SettingList& defaults,
                                     const SettingList& own) const;

 private:
  Settings(std::string bootstrap, Config config)
      : bootstrap_(std::move(bootstrap)), config_(std::move(config)) {}

  std::string bootstrap_;
  Config config_;
};

}  // namespace millstream::kafka
