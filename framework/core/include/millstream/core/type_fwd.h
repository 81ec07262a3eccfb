#pragma once

namespace millstream {

class Clock;
class Config;
class Error;
class Headers;
class Logger;
class Metrics;
class Timestamp;
struct TaskId;
struct TopicPartition;
template <class T>
class Result;
template <class K, class V>
class Record;
template <class T>
class Serde;
template <class V>
struct Change;
template <class K>
struct Windowed;

}  // namespace millstream
