#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <vector>

#include "service.h"

namespace anomaly {
namespace {

using millstream::Error;
using millstream::Result;
using namespace std::chrono_literals;

/// Takes some steps; without a number it goes on forever.
class Steps : public Service {
 public:
  Steps(std::optional<int> steps, std::atomic<int>& finished) : left_(steps), finished_(finished) {}
  [[nodiscard]] std::string_view name() const override { return "steps"; }
  Result<Rest> step() override {
    if (left_ && (*left_)-- <= 0) return Rest();
    return Rest(1ms);
  }
  millstream::Status finish() override {
    ++finished_;
    return {};
  }

 private:
  std::optional<int> left_;
  std::atomic<int>& finished_;
};

class Onlooker final : public Steps {
 public:
  explicit Onlooker(std::atomic<int>& finished) : Steps(std::nullopt, finished) {}
  [[nodiscard]] bool looks_on() const override { return true; }
};

class Fails final : public Service {
 public:
  [[nodiscard]] std::string_view name() const override { return "fails"; }
  [[nodiscard]] bool looks_on() const override { return true; }
  Result<Rest> step() override { return Error::machine("no more"); }
};

TEST(RunServices, EndWhenAllWorkIsDoneThoughSomebodyStillLooksOn) {
  StopSignal stop;
  millstream::NullLogger logger;
  std::atomic<int> finished = 0;
  std::vector<std::unique_ptr<Service>> services;
  services.push_back(std::make_unique<Steps>(3, finished));
  services.push_back(std::make_unique<Steps>(20, finished));
  services.push_back(std::make_unique<Onlooker>(finished));

  EXPECT_TRUE(run_services(services, stop, logger));

  EXPECT_EQ(finished, 3);
}

TEST(RunServices, EndWithTheErrorOfAnyOneAndItsName) {
  StopSignal stop;
  millstream::NullLogger logger;
  std::atomic<int> finished = 0;
  std::vector<std::unique_ptr<Service>> services;
  services.push_back(std::make_unique<Steps>(std::nullopt, finished));
  services.push_back(std::make_unique<Fails>());

  const auto status = run_services(services, stop, logger);

  ASSERT_FALSE(status);
  EXPECT_EQ(std::string(status.error().message()), "fails: no more");
  EXPECT_EQ(finished, 1);
}

}  // namespace
}  // namespace anomaly
