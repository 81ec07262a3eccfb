#pragma once

#include <memory>
#include <optional>
#include <utility>

namespace millstream {

/// A typed walk over a store; see ByteIterator. Rows are made when they are asked for.
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
