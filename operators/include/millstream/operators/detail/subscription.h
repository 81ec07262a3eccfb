#pragma once

#include <millstream/core/ids.h>
#include <millstream/core/result.h>
#include <millstream/core/serde.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace millstream::detail {

/// Tells whether a row has changed since a message about it was sent. **Source**: Murmur3.hash128.
using RowHash = std::array<std::uint64_t, 2>;
[[nodiscard]] RowHash hash_row(std::string_view bytes);

/// What the right-hand side of a foreign-key join is to do with a subscription.
/// **Source**: SubscriptionWrapper.Instruction.
enum class SubscriptionOrder : std::uint8_t {
  kDeleteSilently = 0,
  kDeleteAndTell = 1,
  kTellEvenIfNone = 2,  ///< Subscribe, and tell the foreign row, or that there is none.
  kTellIfAny = 3,       ///< Subscribe, and tell the foreign row if there is one.
};

/// A left-hand row's wish to hear of a foreign row. **Source**: SubscriptionWrapper.
template <class K>
struct Subscription {
  std::optional<RowHash> hash;
  SubscriptionOrder order = SubscriptionOrder::kDeleteSilently;
  K key;
  PartitionId partition = 0;
};

/// The foreign row, for a left-hand row. **Source**: SubscriptionResponseWrapper.
template <class V>
struct SubscriptionResponse {
  std::optional<RowHash> hash;
  std::optional<V> value;
  /// Where the left-hand row is; known to the sender alone.
  PartitionId partition = 0;
};

/// What subscriptions and responses have before their key or value.
struct SubscriptionHead {
  std::optional<RowHash> hash;
  std::uint8_t number = 0;
  PartitionId partition = 0;
};
void append_head(std::string& out, const SubscriptionHead& head);
/// Take it off the front. **Errors**: kData.
Result<SubscriptionHead> take_head(std::string_view& bytes);

template <class K>
struct SubscriptionSerde {
  Serde<K> key_serde;

  Status serialize(const Subscription<K>& s, std::string& out) const {
    append_head(out, {s.hash, static_cast<std::uint8_t>(s.order), s.partition});
    return key_serde.serialize(s.key, out);
  }
  Status deserialize(std::string_view bytes, Subscription<K>& s) const {
    const auto head = take_head(bytes);
    if (!head) return head.error();
    s.hash = head->hash;
    s.order = static_cast<SubscriptionOrder>(head->number);
    s.partition = head->partition;
    return key_serde.deserialize(bytes, s.key);
  }
};

template <class V>
struct SubscriptionResponseSerde {
  Serde<V> value_serde;

  Status serialize(const SubscriptionResponse<V>& r, std::string& out) const {
    append_head(out, {r.hash, static_cast<std::uint8_t>(r.value.has_value()), r.partition});
    return r.value ? value_serde.serialize(*r.value, out) : Status();
  }
  Status deserialize(std::string_view bytes, SubscriptionResponse<V>& r) const {
    const auto head = take_head(bytes);
    if (!head) return head.error();
    r.hash = head->hash;
    r.partition = head->partition;
    r.value.reset();
    if (head->number == 0) return {};
    return value_serde.deserialize(bytes, r.value.emplace());
  }
};

/// The key of a kept subscription: the foreign key behind its length, and the left-hand row's key.
/// **Source**: CombinedKeySchema.
template <class KF, class K>
struct CombinedKey {
  std::optional<KF> foreign;
  K key;
};

}  // namespace millstream::detail
