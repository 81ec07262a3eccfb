// What a task's state says of a directory that is damaged or was left half done.
#include <millstream/rocks/database.h>
#include <millstream/state/task_state.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "task_state_fixture.h"

namespace millstream {
namespace {

using testing::content;
using testing::key_value;

TEST(TaskState, AMissingWriteIsNoticedWhenOpening) {
  const testing::ScratchDirectory directory;
  RocksResources resources{RocksResources::Options{}};
  const auto open = [&] {
    TaskStateOptions options;
    options.task = TaskId{0, 0};
    options.stores = {key_value("s")};
    options.directory = directory.path();
    options.resources = &resources;
    return TaskState::open(std::move(options));
  };
  {
    const auto state = *open();
    state->store("s").put("k", "v");
    state->mark_committed({.number = 1, .lineage = "l"});
    ASSERT_TRUE(state->spill());
    ASSERT_TRUE(state->close(true));
  }
  ASSERT_TRUE(open()) << "nothing is missing";
  {
    const auto database = *Database::open({.path = directory.path(), .families = {"s"}});
    DatabaseBatch newer;
    newer.put(0, "writes", std::string_view("\0\0\0\0\0\0\0\3", 8));
    newer.add(0, "writes-counted", 1);
    ASSERT_TRUE(database->write(newer, false));
  }
  const auto damaged = open();
  ASSERT_FALSE(damaged);
  EXPECT_THAT(std::string(damaged.error().message()),
              ::testing::HasSubstr("is damaged: of 3 writes it has 2"));
}

TEST(TaskState, AFamilyThatIsGoneIsNoticedWhenOpening) {
  const testing::ScratchDirectory directory;
  RocksResources resources{RocksResources::Options{}};
  {
    const auto database = *Database::open({.path = directory.path()});
    DatabaseBatch beside;
    beside.put(0, "numbers/s", std::string(12, '\0'));
    ASSERT_TRUE(database->write(beside, false));
  }
  TaskStateOptions options;
  options.task = TaskId{0, 0};
  options.stores = {key_value("s")};
  options.directory = directory.path();
  options.resources = &resources;
  const auto damaged = TaskState::open(std::move(options));
  ASSERT_FALSE(damaged);
  EXPECT_THAT(std::string(damaged.error().message()),
              ::testing::HasSubstr("the rows of the store s are gone"));
}

TEST(TaskState, ADamagedMarkIsRefusedWithItsDirectory) {
  testing::ScratchDirectory directory;
  {
    auto database = Database::open({.path = directory.path(), .families = {"s"}});
    DatabaseBatch batch;
    batch.put(0, "mark", "nonsense");
    ASSERT_TRUE((*database)->write(batch, false));
  }
  TaskStateOptions options;
  options.stores = {key_value("s")};
  options.directory = directory.path();
  const auto opened = TaskState::open(options);
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message().find(directory.path()), std::string_view::npos);
}

TEST(TaskState, AnInterruptedWipeIsFinished) {
  testing::ScratchDirectory directory;
  {
    auto database = Database::open({.path = directory.path(), .families = {"s"}});
    DatabaseBatch batch;
    batch.put(0, "wiping", "1");
    batch.put(0, "numbers/s", std::string(12, '\0'));
    batch.put(1, "left", "over");
    ASSERT_TRUE((*database)->write(batch, false));
  }
  TaskStateOptions options;
  options.stores = {key_value("s")};
  options.directory = directory.path();
  auto opened = TaskState::open(options);
  ASSERT_TRUE(opened);
  EXPECT_EQ(content((*opened)->store("s")), "");
}

}  // namespace
}  // namespace millstream
