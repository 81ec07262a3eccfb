#include "transaction.h"

#include "keys.h"

#include <millstream/core/big_endian.h>

namespace millstream::embedded {

Result<std::shared_ptr<TransactionalId>> TransactionRegistry::get(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  auto& id = ids_[name];
  if (id != nullptr) return id;
  const auto bytes = database_.get(kMetaFamily, std::string(kProducerPrefix) + name);
  if (!bytes) return bytes.error();
  auto fresh = std::make_shared<TransactionalId>();
  fresh->name = name;
  if (bytes->has_value() && (*bytes)->size() == 8) {
    fresh->epoch = read_big_endian<std::uint64_t>(**bytes);
  }
  id = std::move(fresh);
  return id;
}

Result<std::uint64_t> TransactionRegistry::fence(TransactionalId& id) {
  id.open.reset();
  std::string value;
  append_big_endian(value, id.epoch + 1);
  DatabaseBatch batch;
  batch.put(kMetaFamily, std::string(kProducerPrefix) + id.name, value);
  MILLSTREAM_TRY(database_.write(batch, false));
  return ++id.epoch;
}

}  // namespace millstream::embedded
