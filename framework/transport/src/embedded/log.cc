#include "log.h"

#include "keys.h"

#include <millstream/core/big_endian.h>

#include <filesystem>
#include <system_error>

namespace millstream::embedded {
namespace {

constexpr std::string_view kFormat = "millstream-log 1";

std::string in_directory(const std::string& directory, std::string_view file) {
  return (std::filesystem::path(directory) / file).string();
}

}  // namespace

Log::Log(const std::string& directory, const Settings& settings, const Clock& clock, Logger& logger)
    : directory_(directory),
      settings_(settings),
      clock_(clock),
      logger_(logger),
      mark_(in_directory(directory, "high-water-mark")),
      resources_(RocksResources::Options{.memory_budget = settings.memory_bytes}),
      cache_(settings.cache_bytes) {}

Result<std::unique_ptr<Log>> Log::open(const std::string& directory, const Settings& settings,
                                       const Clock& clock, Logger& logger) {
  auto log = std::make_unique<Log>(directory, settings, clock, logger);
  const std::string context = "the embedded log in " + directory;
  if (const Status opened = log->open_database(); !opened) return opened.error().within(context);
  if (const Status checked = log->check_mark(); !checked) return checked.error().within(context);
  if (const Status checked = log->check_format(); !checked) return checked.error().within(context);
  if (const Status started = log->start_parts(); !started) return started.error().within(context);
  return log;
}

Status Log::open_database() {
  std::error_code unreadable;
  if (std::filesystem::exists(in_directory(directory_, "CURRENT"), unreadable)) {
    return Error::machine(
        "this directory is itself a RocksDB database, not a millstream log; name another one in "
        "bootstrap.servers");
  }
  auto lock = DirectoryLock::acquire(directory_);
  if (!lock) return lock.error();
  lock_ = std::move(*lock);
  Database::Options options;
  options.path = in_directory(directory_, "log");
  options.families = {"blocks", "offsets"};
  options.resources = &resources_;
  auto database = Database::open(options);
  if (!database) return database.error();
  database_ = std::move(*database);
  return {};
}

Status Log::check_mark() {
  const Result<std::uint64_t> mark = mark_.read();
  if (!mark && !settings_.accept_data_loss) return mark.error();
  const std::uint64_t expected = mark ? *mark : 0;
  const std::uint64_t found = database_->latest_sequence();
  if (found >= expected && mark) return {};
  const std::string loss = std::to_string(expected - std::min(found, expected)) + " of " +
                           std::to_string(expected) +
                           " writes that were durable are missing: its write-ahead log was "
                           "damaged or deleted";
  if (!settings_.accept_data_loss) {
    return Error::machine(loss +
                          "; restore the directory from a backup, or set "
                          "embedded.accept.data.loss=true to go on with what is left");
  }
  logger_.warning("going on after a loss, because embedded.accept.data.loss=true",
                  {{"directory", directory_}, {"loss", loss}});
  return mark_.write(found);
}

Status Log::check_format() {
  const auto format = database_->get(kMetaFamily, kFormatKey);
  if (!format) return format.error();
  if (!format->has_value()) {
    if (database_->latest_sequence() != 0) {
      return Error::machine("the database " + database_->path() +
                            " is not a millstream log; name another directory in "
                            "bootstrap.servers");
    }
    DatabaseBatch batch;
    batch.put(kMetaFamily, kFormatKey, kFormat);
    return database_->write(batch, true);
  }
  if (**format == kFormat) return {};
  return Error::machine("it was written by another version of millstream (\"" + **format +
                        "\", this one reads \"" + std::string(kFormat) +
                        "\"); use that version, or another directory");
}

Status Log::start_parts() {
  const auto bytes = database_->get(kMetaFamily, kOpensKey);
  if (!bytes) return bytes.error();
  const bool opened_before = bytes->has_value() && (*bytes)->size() == 8;
  const std::uint64_t opens = (opened_before ? read_big_endian<std::uint64_t>(**bytes) : 0) + 1;
  std::string value;
  append_big_endian(value, opens);
  DatabaseBatch batch;
  batch.put(kMetaFamily, kOpensKey, value);
  MILLSTREAM_TRY(database_->write(batch, false));

  maintenance_ = std::make_unique<Maintenance>(*database_, settings_, clock_, logger_);
  topics_ = std::make_unique<TopicRegistry>(*database_, *maintenance_, directory_);
  MILLSTREAM_TRY(topics_->load());
  groups_ = std::make_unique<GroupRegistry>(*database_, *topics_, clock_, opens);
  transactions_ = std::make_unique<TransactionRegistry>(*database_);
  return {};
}

Log::~Log() {
  if (topics_ == nullptr) return;
  if (const Status synced = sync(); !synced) {
    logger_.error("the embedded log was closed without being synced",
                  {{"directory", directory_}, {"error", std::string(synced.error().message())}});
  }
}

Status Log::sync() {
  const std::scoped_lock lock(sync_mutex_);
  const std::uint64_t sequence = database_->latest_sequence();
  if (sequence == synced_) return {};
  MILLSTREAM_TRY(database_->sync_wal());
  MILLSTREAM_TRY(mark_.write(sequence));
  synced_ = sequence;
  return {};
}

}  // namespace millstream::embedded
