#pragma once

namespace millstream {

class BuiltTopology;
class Node;
class NodeFactory;
class TaskContext;
class TaskTopology;
class Topology;
template <class K, class V>
struct Consumed;
template <class K, class V>
struct Produced;
template <class KOut, class VOut>
class ProcessorContext;
template <class KIn, class VIn, class KOut, class VOut>
class Processor;

}  // namespace millstream
