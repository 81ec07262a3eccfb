#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include "loops.h"

namespace ceiling {

namespace {

void check(const rocksdb::Status& status) {
  if (!status.ok()) fail(status.ToString());
}

}  // namespace

Database::Database(const std::string& folder) : batch_(std::make_unique<rocksdb::WriteBatch>()) {
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* db = nullptr;
  check(rocksdb::DB::Open(options, folder, &db));
  db_.reset(db);
}

Database::~Database() = default;

void Database::put(std::string_view key, std::string_view value) { check(batch_->Put(key, value)); }

void Database::remove(std::string_view key) { check(batch_->Delete(key)); }

void Database::write() {
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  check(db_->Write(options, batch_.get()));
  batch_->Clear();
}

}  // namespace ceiling
