#pragma once

namespace millstream {

class JoinWindows;
class StreamsBuilder;
class TimeWindows;
template <class K, class V>
class BranchedKStream;
template <class K, class... Parts>
class CogroupedKStream;
template <class K, class V>
class GlobalKTable;
template <class K, class V>
class KGroupedStream;
template <class K, class V>
class KGroupedTable;
template <class K, class V>
class KStream;
template <class K, class V>
class KTable;
template <class K, class V>
class SessionWindowedKStream;
template <class K, class V, class W>
class TimeWindowedKStream;

namespace detail {
template <class K, class V, class Agg>
struct CogroupPart;
class GraphNode;
class StreamGraph;
}  // namespace detail

}  // namespace millstream
