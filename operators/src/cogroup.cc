#include <millstream/operators/detail/cogroup.h>

namespace millstream::detail {

std::vector<StoreSpec> SharedStoreSpec::stores() const {
  return brings_store_ ? spec_->stores() : std::vector<StoreSpec>{};
}

std::vector<std::string> SharedStoreSpec::connected_stores() const {
  std::vector<std::string> names = spec_->connected_stores();
  if (brings_store_) return names;
  for (const StoreSpec& store : spec_->stores()) names.push_back(store.name);
  return names;
}

void CogroupPlaces::copartition() const {
  std::set<std::string> sources;
  for (const GraphNode* parent : parents_) {
    sources.insert(parent->sources.begin(), parent->sources.end());
  }
  if (sources.size() > 1) graph_.copartition(sources);
}

void CogroupPlaces::add(std::shared_ptr<const ProcessorSpec> spec,
                        std::optional<Duration> closing_delay) {
  const std::size_t number = nodes_.size();
  std::string name = graph_.suffixed_or_new(named_.name, "-cogroup-agg-" + std::to_string(number),
                                            "COGROUPKSTREAM-AGGREGATE-");
  auto shared = std::make_shared<const SharedStoreSpec>(std::move(spec), number == 0);
  GraphNode& node = graph_.add(*parents_[number],
                               std::make_unique<ProcessorGraphNode>(
                                   std::move(name), std::shared_ptr<const ProcessorSpec>(shared)));
  node.closing_delay = closing_delay;
  nodes_.push_back(&node);
}

GraphNode& CogroupPlaces::merge(std::shared_ptr<const ProcessorSpec> spec) {
  std::string name = graph_.suffixed_or_new(named_.name, "-cogroup-merge", "COGROUPKSTREAM-MERGE-");
  return graph_.add(nodes_, std::make_unique<ProcessorGraphNode>(std::move(name), std::move(spec)));
}

}  // namespace millstream::detail
