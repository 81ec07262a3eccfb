#pragma once

namespace millstream {

class ByteIterator;
class ByteStore;
class StoreError;
class TaskState;
struct ChangelogRecord;
struct CommitMark;
struct StoreSpec;
struct TaskStateOptions;
template <class Row>
class StoreIterator;
template <class K, class V>
class KeyValueStore;
template <class K, class V>
class TimestampedKeyValueStore;
template <class K, class V>
class WindowStore;
template <class K, class V>
class TimestampedWindowStore;
template <class K, class V>
class SessionStore;
template <class K, class V>
class VersionedKeyValueStore;
template <class V>
struct VersionedRecord;

}  // namespace millstream
