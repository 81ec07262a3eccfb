#pragma once

#include <millstream/core/time.h>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millstream {

/// Server-sent events: what is published goes to all who listen. Who begins to listen first hears
/// the last event of each name, so that a page is complete at once. Who doesn't keep up is
/// disconnected (a browser comes back by itself) and never slows the publisher down.
/// **Thread**: any.
class EventStream {
 public:
  /// What one listener has yet to hear.
  class Listener {
   public:
    /// The next event in its wire format; empty text when none came in time, nothing at the end.
    std::optional<std::string> next(Duration timeout);

   private:
    friend class EventStream;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::string> events_;
    bool closed_ = false;
  };

  /// `max_pending` events may wait for one listener.
  explicit EventStream(std::size_t max_pending = 256) : max_pending_(max_pending) {}
  ~EventStream() { close(); }
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  /// Send an event; `data` is usually JSON and may have several lines.
  void publish(std::string_view name, std::string_view data);
  /// Whether somebody listens: publishing to nobody only replaces what is kept for the next one.
  [[nodiscard]] bool has_listeners() const;
  [[nodiscard]] std::shared_ptr<Listener> listen();
  /// End all listeners; later ones end at once.
  void close();

 private:
  void push(Listener& listener, const std::string& event) const;

  std::size_t max_pending_;
  mutable std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> last_;
  std::vector<std::weak_ptr<Listener>> listeners_;
  bool closed_ = false;
};

/// The wire format of an event: "event: name", a "data: " line for each line, and an empty line.
[[nodiscard]] std::string to_event_text(std::string_view name, std::string_view data);

}  // namespace millstream
