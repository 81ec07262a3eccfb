#include "redis_sink_script.h"

#include <charconv>
#include <cmath>
#include <vector>

namespace anomaly {

using millstream::Error;
using millstream::Offset;
using millstream::PartitionId;
using millstream::Result;

namespace {

// ARGV: prefix, topic, partition, lineage, begin, refused (the fingerprint of a last record that
// isn't the topic's, or empty). What another sink has begun anew in the meantime stays.
constexpr std::string_view kClaim = R"lua(
local mark = ARGV[1] .. 'mark:' .. ARGV[2] .. ':' .. ARGV[3]
local held = redis.call('HMGET', mark, 'lineage', 'next', 'last')
if held[1] == ARGV[4] and held[2] and (ARGV[6] == '' or held[3] ~= ARGV[6]) then
  return held[2] .. ' ' .. held[3]
end
local time = redis.call('TIME')
redis.call('DEL', mark, ARGV[1] .. 'stream:' .. ARGV[2] .. ':' .. ARGV[3])
redis.call('HSET', mark, 'lineage', ARGV[4], 'next', ARGV[5], 'last', '-',
           'owner', ARGV[4] .. '@' .. time[1] .. '.' .. time[2])
return ARGV[5] .. ' -'
)lua";

// ARGV: prefix, topic, partition, lineage, from, to, recent, stream length, channel, keep series,
// keep stream, fingerprint of the last record before `to`; then for each row: offset, series,
// timestamp, value, score, anomaly, entry, json. Types are looked at first, so that a foreign key
// stops the script before it has written anything. The rows of a series are written at once: what
// costs is the number of calls.
constexpr std::string_view kApply = R"lua(
local prefix, topic, partition = ARGV[1], ARGV[2], ARGV[3]
local mark = prefix .. 'mark:' .. topic .. ':' .. partition
local stream = prefix .. 'stream:' .. topic .. ':' .. partition
local held = redis.call('HMGET', mark, 'lineage', 'next', 'owner')
if held[1] ~= ARGV[4] or not held[2] then return false end
local at = tonumber(held[2])
if at < tonumber(ARGV[5]) then return false end
if at >= tonumber(ARGV[6]) then return held[2] end
local recent, length, channel = tonumber(ARGV[7]), ARGV[8], ARGV[9]
local keep_series, keep_stream = ARGV[10] == '1', ARGV[11] == '1'

local function expect(key, kind)
  local found = redis.call('TYPE', key).ok
  if found ~= 'none' and found ~= kind then
    error({err = 'key ' .. key .. ' is a ' .. found .. ', not a ' .. kind ..
                 ' of the sink: delete it or set another redis.prefix'})
  end
end
if keep_stream then expect(stream, 'stream') end
local checked = {}
for i = 13, #ARGV, 8 do
  local series = ARGV[i + 1]
  if keep_series and not checked[series] then
    expect(prefix .. 'state:' .. series, 'hash')
    expect(prefix .. 'recent:' .. series, 'list')
    expect(prefix .. 'scores:' .. series, 'hash')
    checked[series] = true
  end
end
if keep_series then expect(prefix .. 'series', 'set') end

-- A call with many arguments, some at a time: Lua's stack is bounded.
local function call_with(command, key, words)
  for first = 1, #words, 1000 do
    redis.call(command, key, unpack(words, first, math.min(first + 999, #words)))
  end
end

local function write_state(state, rows)
  local last, anomalies, last_anomaly = rows[#rows], 0, nil
  for _, i in ipairs(rows) do
    if ARGV[i + 5] == '1' then anomalies, last_anomaly = anomalies + 1, ARGV[i + 2] end
  end
  redis.call('HSET', state, 'owner', held[3], 'timestamp', ARGV[last + 2], 'value', ARGV[last + 3],
             'score', ARGV[last + 4], 'anomaly', ARGV[last + 5], 'partition', partition,
             'offset', ARGV[last])
  redis.call('HINCRBY', state, 'records', #rows)
  if anomalies > 0 then
    redis.call('HINCRBY', state, 'anomalies', anomalies)
    redis.call('HSET', state, 'last_anomaly', last_anomaly)
  end
end

local function write_series(series, rows)
  local state, list = prefix .. 'state:' .. series, prefix .. 'recent:' .. series
  local scores = prefix .. 'scores:' .. series
  if redis.call('HGET', state, 'owner') ~= held[3] then redis.call('DEL', state, list, scores) end
  redis.call('SADD', prefix .. 'series', series)
  write_state(state, rows)
  local entries, fields, kept = {}, {}, {}
  for n = math.max(1, #rows - recent + 1), #rows do
    local i = rows[n]
    entries[#entries + 1] = ARGV[i + 6]
    fields[#fields + 1] = ARGV[i + 2]
    fields[#fields + 1] = ARGV[i + 4]
    kept[ARGV[i + 2]] = true
  end
  call_with('LPUSH', list, entries)
  call_with('HSET', scores, fields)
  local too_many = redis.call('LLEN', list) - recent
  if too_many <= 0 then return end
  local gone = {}
  for _, old in ipairs(redis.call('LRANGE', list, -too_many, -1)) do
    local timestamp = string.match(old, '"timestamp":(-?%d+)')
    if not kept[timestamp] then gone[#gone + 1] = timestamp end
  end
  redis.call('LTRIM', list, 0, recent - 1)
  call_with('HDEL', scores, gone)
end

local names, rows_of = {}, {}
for i = 13, #ARGV, 8 do
  if tonumber(ARGV[i]) >= at then
    local series = ARGV[i + 1]
    if not rows_of[series] then
      names[#names + 1], rows_of[series] = series, {}
    end
    table.insert(rows_of[series], i)
    if keep_stream then
      redis.call('XADD', stream, 'MAXLEN', '~', length, ARGV[i] .. '-1', 'series', series,
                 'timestamp', ARGV[i + 2], 'json', ARGV[i + 7])
    end
    if channel ~= '' then redis.call('PUBLISH', channel, ARGV[i + 7]) end
  end
end
if keep_series then
  for _, series in ipairs(names) do write_series(series, rows_of[series]) end
end
redis.call('HSET', mark, 'next', ARGV[6], 'last', ARGV[12])
return ARGV[6]
)lua";

std::string number(std::int64_t value) { return std::to_string(value); }
std::string text(Offset offset) { return number(millstream::to_int(offset)); }

/// The shortest text that reads back as the same number.
std::string number(double value) {
  char buffer[32];
  const auto [end, code] = std::to_chars(buffer, buffer + sizeof buffer, value);
  return {buffer, end};
}

std::string json_number(double value) { return std::isfinite(value) ? number(value) : "null"; }

std::string entry(const SinkRow& row) {
  return "{\"timestamp\":" + number(row.timestamp.ms()) + ",\"value\":" + json_number(row.value) +
         ",\"score\":" + json_number(row.score) +
         ",\"anomaly\":" + (row.anomaly ? "true" : "false") + "}";
}

Result<Offset> to_offset(const RedisReply& reply) {
  std::int64_t value = 0;
  const auto [end, code] =
      std::from_chars(reply.text.data(), reply.text.data() + reply.text.size(), value);
  if (code != std::errc() || reply.text.empty()) {
    return Error::machine("Redis holds a mark that is no offset: \"" + reply.text + "\"");
  }
  return Offset{value};
}

}  // namespace

Result<RedisReply> RedisSinkScript::run(std::string_view script,
                                        std::span<const std::string> words) {
  std::vector<std::string_view> command{"EVAL", script, "0"};
  command.insert(command.end(), words.begin(), words.end());
  auto reply = redis_.command(command);
  if (reply && reply->is_error()) return Error::machine("Redis: " + reply->text);
  return reply;
}

Result<SinkMark> RedisSinkScript::claim(PartitionId partition, Offset begin,
                                        std::string_view refused) {
  const std::vector<std::string> words{keys_.prefix,  keys_.topic, std::to_string(partition),
                                       keys_.lineage, text(begin), std::string(refused)};
  auto reply = run(kClaim, words);
  if (!reply) return reply.error();
  SinkMark mark;
  if (const std::size_t space = reply->text.find(' '); space != std::string::npos) {
    mark.last = reply->text.substr(space + 1);
    reply->text.resize(space);
  }
  const auto next = to_offset(*reply);
  if (!next) return next.error();
  mark.next = *next;
  return mark;
}

Result<std::optional<Offset>> RedisSinkScript::apply(PartitionId partition, Offset from,
                                                     const SinkMark& to,
                                                     std::span<const SinkRow> rows) {
  std::vector<std::string> words{keys_.prefix,
                                 keys_.topic,
                                 std::to_string(partition),
                                 keys_.lineage,
                                 text(from),
                                 text(to.next),
                                 std::to_string(keys_.recent),
                                 std::to_string(keys_.stream_length),
                                 keys_.channel,
                                 keys_.keep_series ? "1" : "0",
                                 keys_.keep_stream ? "1" : "0",
                                 to.last};
  for (const SinkRow& row : rows) {
    words.insert(words.end(),
                 {text(row.offset), row.series, number(row.timestamp.ms()), number(row.value),
                  number(row.score), row.anomaly ? "1" : "0", entry(row), row.json});
  }
  const auto reply = run(kApply, words);
  if (!reply) return reply.error();
  if (reply->is_nil()) return std::optional<Offset>();
  auto mark = to_offset(*reply);
  if (!mark) return mark.error();
  return std::optional(*mark);
}

}  // namespace anomaly
