#pragma once

#include <millstream/transport/broker.h>

#include <memory>
#include <utility>

namespace millstream::testing {

/// Another broker, but as far away as Kafka: who doesn't wait for a commit's outcome learns it when
/// asking the fourth time. And every third commit of each transactional producer is refused, as a
/// coordinator refuses one in the middle of a rebalance: what that is good for is the abort after
/// it.
class DistantBroker final : public Broker {
 public:
  explicit DistantBroker(std::unique_ptr<Broker> inner) : inner_(std::move(inner)) {}

  Result<std::unique_ptr<Consumer>> make_consumer(const ConsumerOptions& options) override {
    return inner_->make_consumer(options);
  }
  Result<std::unique_ptr<Producer>> make_producer(const ProducerOptions& options) override {
    auto made = inner_->make_producer(options);
    if (!made || options.transactional_id.empty()) return made;
    return std::unique_ptr<Producer>(std::make_unique<DistantProducer>(*std::move(made)));
  }
  Result<std::unique_ptr<Membership>> join(const MembershipOptions& options) override {
    return inner_->join(options);
  }
  Admin& admin() override { return inner_->admin(); }
  Status sync() override { return inner_->sync(); }

 private:
  class DistantProducer final : public Producer {
   public:
    explicit DistantProducer(std::unique_ptr<Producer> inner) : inner_(std::move(inner)) {}

    ProducerStatus init_transactions() override { return inner_->init_transactions(); }
    ProducerStatus begin_transaction() override { return inner_->begin_transaction(); }
    ProducerStatus produce(const OutgoingRecord& record) override {
      return inner_->produce(record);
    }
    ProducerStatus flush() override { return inner_->flush(); }
    [[nodiscard]] Offset end_written(const TopicPartition& partition) const override {
      return inner_->end_written(partition);
    }
    void submit_commit(const std::string& group, const OffsetsByPartition& offsets,
                       const Lease& lease) override {
      asked_ = 0;
      refused_ = ++commits_ % 3 == 0;
      if (!refused_) inner_->submit_commit(group, offsets, lease);
    }
    std::optional<ProducerStatus> commit_result(Duration timeout) override {
      if (timeout == Duration(0) && asked_++ < 3) return std::nullopt;
      if (!refused_) return inner_->commit_result(timeout);
      return ProducerStatus{ProducerFault::kAbort, Error::machine("a rebalance is in progress")};
    }
    ProducerStatus abort_transaction() override { return inner_->abort_transaction(); }

   private:
    std::unique_ptr<Producer> inner_;
    int commits_ = 0;
    int asked_ = 0;
    bool refused_ = false;
  };

  std::unique_ptr<Broker> inner_;
};

}  // namespace millstream::testing
