#include <millstream/http/event_stream.h>

#include <algorithm>

namespace millstream {

std::string to_event_text(std::string_view name, std::string_view data) {
  std::string text = "event: ";
  std::copy_if(name.begin(), name.end(), std::back_inserter(text),
               [](char c) { return c != '\n' && c != '\r'; });
  text += '\n';
  for (std::size_t begin = 0; begin <= data.size();) {
    const std::size_t end = std::min(data.find('\n', begin), data.size());
    text += "data: ";
    std::copy_if(data.begin() + static_cast<std::ptrdiff_t>(begin),
                 data.begin() + static_cast<std::ptrdiff_t>(end), std::back_inserter(text),
                 [](char c) { return c != '\r'; });
    text += '\n';
    begin = end + 1;
  }
  return text + '\n';
}

std::optional<std::string> EventStream::Listener::next(Duration timeout) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [this] { return closed_ || !events_.empty(); });
  if (closed_) return std::nullopt;
  if (events_.empty()) return std::string();
  std::string event = std::move(events_.front());
  events_.pop_front();
  return event;
}

void EventStream::push(Listener& listener, const std::string& event) const {
  const std::scoped_lock lock(listener.mutex_);
  if (listener.events_.size() >= max_pending_) {
    listener.closed_ = true;
    listener.events_.clear();
  }
  if (!listener.closed_) listener.events_.push_back(event);
  listener.changed_.notify_one();
}

void EventStream::publish(std::string_view name, std::string_view data) {
  const std::string event = to_event_text(name, data);
  const std::scoped_lock lock(mutex_);
  last_.insert_or_assign(std::string(name), event);
  std::erase_if(listeners_, [&](const std::weak_ptr<Listener>& weak) {
    const auto listener = weak.lock();
    if (listener) push(*listener, event);
    return !listener;
  });
}

bool EventStream::has_listeners() const {
  const std::scoped_lock lock(mutex_);
  return std::any_of(listeners_.begin(), listeners_.end(),
                     [](const auto& weak) { return !weak.expired(); });
}

std::shared_ptr<EventStream::Listener> EventStream::listen() {
  auto listener = std::make_shared<Listener>();
  const std::scoped_lock lock(mutex_);
  for (const auto& [name, event] : last_) listener->events_.push_back(event);
  listener->closed_ = closed_;
  std::erase_if(listeners_, [](const auto& weak) { return weak.expired(); });
  listeners_.push_back(listener);
  return listener;
}

void EventStream::close() {
  const std::scoped_lock lock(mutex_);
  closed_ = true;
  for (const auto& weak : listeners_) {
    const auto listener = weak.lock();
    if (!listener) continue;
    const std::scoped_lock listener_lock(listener->mutex_);
    listener->closed_ = true;
    listener->changed_.notify_all();
  }
}

}  // namespace millstream
