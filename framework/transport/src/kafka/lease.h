#pragma once

#include <millstream/transport/broker.h>

#include "handles.h"

namespace millstream::kafka {

/// The lease that a group's member holds at this moment; generation -1 if it's no member now.
/// Its `opaque` is what rd_kafka_consumer_group_metadata_write makes of it.
Lease lease_of(rd_kafka_t& member);

/// The group metadata that a lease carries, for send_offsets_to_transaction; null if it carries
/// none (generation -1 is never sent: the broker would take it for a group without members).
GroupMetadataPtr group_metadata_of(const Lease& lease);

}  // namespace millstream::kafka
