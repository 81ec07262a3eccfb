#include "merged_topology.h"

#include <utility>

namespace millstream {

MergedTopology::MergedTopology(std::shared_ptr<const BuiltTopology> inner)
    : inner_(std::move(inner)) {
  Subtopology& all = merged_.emplace_back();
  for (const Subtopology& part : inner_->subtopologies()) {
    all.sources.insert(all.sources.end(), part.sources.begin(), part.sources.end());
    all.sinks.insert(all.sinks.end(), part.sinks.begin(), part.sinks.end());
    all.stores.insert(all.stores.end(), part.stores.begin(), part.stores.end());
  }
  for (const GlobalStore& global : inner_->global_stores()) all.stores.push_back(global.store);
}

}  // namespace millstream
