#include "lease.h"

#include <cstring>

namespace millstream::kafka {

namespace {

/// What rd_kafka_consumer_group_metadata_write begins with: 7 bytes of magic, then the generation
/// as an int32 of this machine.
constexpr std::size_t kMagicSize = 7;

std::string bytes_of(rd_kafka_t& member) {
  const GroupMetadataPtr metadata(rd_kafka_consumer_group_metadata(&member));
  if (metadata == nullptr) return {};
  void* data = nullptr;
  std::size_t size = 0;
  const ErrorPtr error(rd_kafka_consumer_group_metadata_write(metadata.get(), &data, &size));
  if (error != nullptr) return {};
  std::string bytes(static_cast<const char*>(data), size);
  rd_kafka_mem_free(&member, data);
  return bytes;
}

std::string member_id_of(rd_kafka_t& member) {
  char* text = rd_kafka_memberid(&member);
  if (text == nullptr) return {};
  std::string id(text);
  rd_kafka_mem_free(&member, text);
  return id;
}

}  // namespace

Lease lease_of(rd_kafka_t& member) {
  Lease lease;
  lease.opaque = bytes_of(member);
  if (lease.opaque.size() < kMagicSize + sizeof(lease.generation)) return {};
  std::memcpy(&lease.generation, lease.opaque.data() + kMagicSize, sizeof(lease.generation));
  if (lease.generation < 0) return {};
  lease.member_id = member_id_of(member);
  return lease;
}

GroupMetadataPtr group_metadata_of(const Lease& lease) {
  if (lease.generation < 0 || lease.opaque.empty()) return nullptr;
  rd_kafka_consumer_group_metadata_t* metadata = nullptr;
  const ErrorPtr error(
      rd_kafka_consumer_group_metadata_read(&metadata, lease.opaque.data(), lease.opaque.size()));
  return error == nullptr ? GroupMetadataPtr(metadata) : nullptr;
}

}  // namespace millstream::kafka
