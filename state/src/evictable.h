#pragma once

namespace millstream::detail {

class Evictable;

/// A place in a doubly linked, circular list; alone it is an empty list.
struct ListNode {
  ListNode() = default;
  ListNode(const ListNode&) = delete;
  ListNode& operator=(const ListNode&) = delete;

  [[nodiscard]] bool is_alone() const { return next == this; }
  void unlink() {
    prev->next = next;
    next->prev = prev;
    prev = next = this;
  }
  /// Take this node out of its list and make it the last of `list`.
  void move_to_back_of(ListNode& list) {
    prev->next = next;
    next->prev = prev;
    prev = list.prev;
    next = &list;
    prev->next = this;
    list.prev = this;
  }

  ListNode* prev = this;
  ListNode* next = this;
};

/// Who owns what an EntryCache forgets.
class EvictionOwner {
 public:
  EvictionOwner() = default;
  virtual ~EvictionOwner() = default;
  EvictionOwner(const EvictionOwner&) = delete;
  EvictionOwner& operator=(const EvictionOwner&) = delete;

  [[nodiscard]] virtual bool may_forget(const Evictable& clean) const = 0;
  virtual void forget(Evictable& clean) = 0;
};

/// What an EntryCache can forget while it is clean: an entry, or a group of rows.
class Evictable : public ListNode {
 public:
  EvictionOwner* owner = nullptr;
  /// Read since the cache last looked: gets a second chance.
  bool referenced = false;
};

}  // namespace millstream::detail
