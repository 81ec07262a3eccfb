#include <millstream/core/big_endian.h>
#include <millstream/state/detail/session_rows.h>

#include <utility>

namespace millstream::detail {
namespace {

/// Of another walk, the sessions that start early enough.
class StartedBy final : public RowWalk {
 public:
  StartedBy(std::unique_ptr<RowWalk> rows, Timestamp latest_start)
      : rows_(std::move(rows)), latest_start_(latest_start) {}
  std::optional<RowView> next() override {
    auto row = rows_->next();
    while (row && row->second_time() > latest_start_) row = rows_->next();
    return row;
  }

 private:
  std::unique_ptr<RowWalk> rows_;
  Timestamp latest_start_;
};

}  // namespace

SessionRows::SessionRows(ByteStore& bytes, const StoreSpec& spec)
    : rows_(bytes, spec, kSessionSuffixSize), in_memory_(!spec.persistent) {}

std::string_view SessionRows::suffix(const Window& session) {
  suffix_.clear();
  append_big_endian(suffix_, session.end.ms());
  append_big_endian(suffix_, session.start.ms());
  return suffix_;
}

bool SessionRows::put(std::string_view key, const Window& session, std::string_view value) {
  rows_.observe(session.end);
  if (session.end < rows_.first_kept()) return false;
  rows_.put(key, suffix(session), value);
  return true;
}

void SessionRows::erase(std::string_view key, const Window& session) {
  if (!in_memory_) rows_.observe(session.end);  // As in Kafka Streams, for persistent stores alone.
  if (session.end >= rows_.first_kept()) rows_.erase(key, suffix(session));
}

std::optional<std::string_view> SessionRows::get(std::string_view key, const Window& session) {
  if (session.end < rows_.first_visible()) return std::nullopt;
  return rows_.get(key, suffix(session));
}

std::unique_ptr<RowWalk> SessionRows::find(const SessionQuery& query) {
  auto rows = rows_.walk({.key_from = query.key_from,
                          .key_to = query.key_to,
                          .single_key = query.single_key,
                          .from = query.earliest_end,
                          .to = Timestamp::max(),
                          .direction = query.direction});
  if (query.latest_start == Timestamp::max()) return rows;
  return std::make_unique<StartedBy>(std::move(rows), query.latest_start);
}

}  // namespace millstream::detail
