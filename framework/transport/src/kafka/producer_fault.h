#pragma once

#include <millstream/transport/broker.h>

#include "client.h"

namespace millstream::kafka {

/// What the broker says of a lease that is no longer the member's.
///
/// ILLEGAL_GENERATION: the group has moved on, though the partition may still be ours under the
/// next lease: abort and rewind. UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID: we are out: give the tasks
/// up (the producer itself is sound: abort, and go on with it for other tasks).
ProducerFault fault_of_lease(rd_kafka_resp_err_t code);

/// What an error of a producer's call means.
///
/// `outlived`: the transaction has been open for longer than its time-out. The broker then aborts
/// it and answers as if somebody else had taken the transactional id; that is the end of this
/// producer only (kFatal), whereas without it somebody else is there (kFenced).
ProducerStatus status_of(std::string_view what, const rd_kafka_error_t& error, rd_kafka_t* producer,
                         const Cluster& cluster, bool outlived);

}  // namespace millstream::kafka
