#pragma once

#include <iterator>
#include <memory>
#include <optional>
#include <utility>

namespace millstream {

/// A typed walk over a store; see ByteIterator. Rows are made when they are asked for, by `next()`
/// or by `for (const auto& row : store.all())`: once only.
/// **Lifetime**: ends before its store does; where a row holds views, they are valid until the next
/// `next()`. **Errors**: StoreError.
template <class Row>
class StoreIterator {
 public:
  class Source {
   public:
    virtual ~Source() = default;
    /// The next row, or nothing at the end.
    virtual std::optional<Row> next() = 0;
  };
  explicit StoreIterator(std::unique_ptr<Source> source) : source_(std::move(source)) {}
  [[nodiscard]] std::optional<Row> next() { return source_->next(); }

  /// What a range-for goes through. **Lifetime**: as the walk.
  class Cursor {
   public:
    explicit Cursor(StoreIterator& walk) : walk_(&walk), row_(walk.next()) {}
    [[nodiscard]] const Row& operator*() const { return *row_; }
    Cursor& operator++() {
      row_ = walk_->next();
      return *this;
    }
    friend bool operator==(const Cursor& cursor, std::default_sentinel_t) {
      return !cursor.row_.has_value();
    }

   private:
    StoreIterator* walk_;
    std::optional<Row> row_;
  };
  [[nodiscard]] Cursor begin() { return Cursor(*this); }
  [[nodiscard]] std::default_sentinel_t end() const { return {}; }

 private:
  std::unique_ptr<Source> source_;
};

/// A walk whose rows a callable gives, one a call, and nothing at the end.
template <class Row, class Next>
StoreIterator<Row> make_store_iterator(Next next_row) {
  class FunctionSource final : public StoreIterator<Row>::Source {
   public:
    explicit FunctionSource(Next f) : next_(std::move(f)) {}
    std::optional<Row> next() override { return next_(); }

   private:
    Next next_;
  };
  return StoreIterator<Row>(std::make_unique<FunctionSource>(std::move(next_row)));
}

}  // namespace millstream
