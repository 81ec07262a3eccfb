#pragma once

#include <millstream/core/config.h>
#include <millstream/core/log.h>
#include <millstream/core/metrics.h>
#include <millstream/core/result.h>
#include <millstream/http/http_server.h>

#include <memory>

namespace anomaly {

class LivePage;

/// A server of metrics and the page, if one is wanted: `http.port` says where (-1: nowhere), 8000
/// where the command serves by default. On that port another process may serve already: then this
/// one goes on without; a port that was asked for must be free. **Lifetime**: page and metrics
/// outlive the server.
millstream::Result<std::unique_ptr<millstream::HttpServer>> start_page_server(
    const millstream::Config& config, bool by_default, LivePage& page,
    const millstream::Metrics& metrics, millstream::Logger& logger);

}  // namespace anomaly
