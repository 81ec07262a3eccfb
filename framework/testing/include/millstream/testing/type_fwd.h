#pragma once

namespace millstream {

class TopologyTestDriver;
struct RawTestRecord;
template <class K, class V>
struct TestRecord;
template <class K, class V>
class TestInputTopic;
template <class K, class V>
class TestOutputTopic;

}  // namespace millstream
