#pragma once

#include "write.h"

#include <millstream/core/result.h>
#include <millstream/rocks/database.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace millstream::embedded {

/// What the producers of one transactional id share: who of them is the newest, and its open
/// transaction. **Thread**: with the mutex held.
struct TransactionalId {
  std::mutex mutex;
  std::string name;
  /// The newest producer's number; older ones are fenced.
  std::uint64_t epoch = 0;
  /// What has been flushed in the open transaction; null outside one.
  std::unique_ptr<Write> open;
};

/// The transactional ids by name. **Thread**: safe.
class TransactionRegistry {
 public:
  explicit TransactionRegistry(Database& database) : database_(database) {}

  Result<std::shared_ptr<TransactionalId>> get(const std::string& name);
  /// Abandon what is open and fence older producers; returns the new epoch. With its mutex held.
  Result<std::uint64_t> fence(TransactionalId& id);

 private:
  Database& database_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<TransactionalId>> ids_;
};

}  // namespace millstream::embedded
