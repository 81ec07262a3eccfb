// Global tables in a running application: whole in every thread, complete before the first record,
// followed afterwards, and kept over a restart.
#include <millstream/operators/streams_builder.h>
#include <millstream/runtime/kafka_streams.h>
#include <millstream/transport/open_broker.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/eventually.h"
#include "support/temp_dir.h"
#include "support/topics.h"

namespace millstream {
namespace {

using testing::create_topic;
using testing::eventually;
using testing::produce;
using testing::read_topic;
using testing::TempDir;
using testing::TopicRecord;

/// Joins `orders` (order -> product) with the global table `products` into `named`.
class GlobalTableApplication : public ::testing::Test {
 protected:
  void SetUp() override {
    auto broker =
        open_broker(Config{{"bootstrap.servers", "embedded:" + (dir_ / "log")}}, clock_, logger_);
    ASSERT_TRUE(broker) << broker.error().message();
    broker_ = std::move(*broker);
    for (const char* topic : {"orders", "products", "named"}) create_topic(*broker_, topic, 3);
  }
  std::unique_ptr<KafkaStreams> start() {
    StreamsBuilder builder;
    const auto products = builder.global_table<std::string, std::string>("products");
    builder.stream<std::string, std::string>("orders")
        .left_join(
            products, [](const auto&, const std::string& product) { return product; },
            [](const std::string& product, const std::optional<std::string>& name) {
              return product + "=" + name.value_or("unknown");
            })
        .to("named");
    KafkaStreams::Options options;
    options.broker = broker_.get();
    options.logger = &logger_;
    const Config config{{"application.id", "naming"},
                        {"state.dir", dir_ / "state"},
                        {"commit.interval.ms", "20"},
                        {"num.stream.threads", "2"}};
    auto app = std::make_unique<KafkaStreams>(builder.build(), config, std::move(options));
    const Status status = app->start();
    EXPECT_TRUE(status) << status.error().message();
    return app;
  }
  /// Name 100 products.
  void name_products(const std::string& suffix) {
    std::vector<TopicRecord> names;
    for (int i = 0; i < 100; ++i) {
      const std::string product = "p" + std::to_string(i);
      names.push_back({.key = product, .value = product + suffix, .timestamp = Timestamp(1)});
    }
    produce(*broker_, "products", names);
  }
  /// Order all products once.
  void order() {
    std::vector<TopicRecord> orders;
    for (int i = 0; i < 100; ++i) {
      orders.push_back({.key = "o" + std::to_string(orders_++),
                        .value = "p" + std::to_string(i),
                        .timestamp = Timestamp(2)});
    }
    produce(*broker_, "orders", orders);
  }
  /// How many results end with this, once all orders have one.
  std::size_t results_with(const std::string& suffix) {
    EXPECT_TRUE(eventually([&] { return read_topic(*broker_, "named").size() >= orders_; }));
    std::size_t count = 0;
    for (const TopicRecord& record : read_topic(*broker_, "named")) {
      if (record.value->ends_with(suffix)) ++count;
    }
    return count;
  }

  TempDir dir_;
  SystemClock clock_;
  StderrLogger logger_{LogLevel::kError};
  std::unique_ptr<Broker> broker_;
  std::size_t orders_ = 0;
};

TEST_F(GlobalTableApplication, HasAllRowsBeforeTheFirstRecord) {
  name_products(" one");
  order();

  const auto app = start();

  EXPECT_EQ(results_with(" one"), 100U);
  EXPECT_TRUE(app->close());
}

TEST_F(GlobalTableApplication, FollowsItsTopic) {
  const auto app = start();
  order();
  EXPECT_EQ(results_with("unknown"), 100U);

  name_products(" later");

  // How soon a row is seen isn't said: order until all have been.
  EXPECT_TRUE(eventually([&] {
    const std::size_t before = results_with(" later");
    order();
    return results_with(" later") == before + 100;
  }));
  EXPECT_TRUE(app->close());
}

TEST_F(GlobalTableApplication, GoesOnFromItsDirectoryAfterARestart) {
  name_products(" one");
  ASSERT_TRUE(start()->close());
  {
    const auto app = start();
    order();
    EXPECT_EQ(results_with(" one"), 100U);
    EXPECT_TRUE(app->close());
  }
  name_products(" two");
  order();

  const auto app = start();

  EXPECT_EQ(results_with(" two"), 100U);
  EXPECT_TRUE(app->close());
}

}  // namespace
}  // namespace millstream
