#include <millstream/rocks/database.h>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "support/eventually.h"

namespace millstream {
namespace {

class DatabaseTest : public ::testing::Test {
 protected:
  DatabaseTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "millstream-rocks-XXXXXX";
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    path_ = pattern;
  }
  ~DatabaseTest() override { std::filesystem::remove_all(path_); }

  std::unique_ptr<Database> open(std::vector<std::string> families = {"a", "b"}) {
    auto database = Database::open(
        {.path = path_ + "/db", .families = std::move(families), .resources = &resources_});
    EXPECT_TRUE(database) << database.error().message();
    return *std::move(database);
  }
  static std::string keys(const Database& database, FamilyIndex family, std::string_view from,
                          std::string_view to, ScanDirection direction) {
    std::string keys;
    const auto rows = database.scan(family, from, to, direction);
    for (; rows->valid(); rows->next()) keys += std::string(rows->key()) + ",";
    EXPECT_TRUE(rows->status());
    return keys;
  }
  static void put(Database& database, FamilyIndex family, std::vector<std::string> keys) {
    DatabaseBatch batch;
    for (const std::string& key : keys) batch.put(family, key, "value of " + key);
    ASSERT_TRUE(database.write(batch, false));
  }

  [[nodiscard]] std::string wal() const {
    for (const auto& entry : std::filesystem::directory_iterator(path_ + "/db")) {
      if (entry.path().extension() == ".log") return entry.path();
    }
    return {};
  }

  std::string path_;
  RocksResources resources_{RocksResources::Options{}};
};

/// Bytes that this thread has read from files.
std::uint64_t bytes_read() {
  std::ifstream io("/proc/thread-self/io");
  std::string name;
  std::uint64_t bytes = 0;
  while (io >> name >> bytes) {
    if (name == "rchar:") return bytes;
  }
  return 0;
}

std::size_t table_files(const std::string& folder) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".sst") ++files;
  }
  return files;
}

/// No file of this process may grow beyond `bytes`, as on a full disk.
class FileLimit {
 public:
  explicit FileLimit(rlim_t bytes) : handler_(::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, handler_);
  }
  FileLimit(const FileLimit&) = delete;
  FileLimit& operator=(const FileLimit&) = delete;

 private:
  rlimit before_{};
  sighandler_t handler_;
};

TEST_F(DatabaseTest, LookUpsReadTheFilterOfALargeFileOnce) {
  if (bytes_read() == 0) GTEST_SKIP() << "the kernel doesn't count what is read";
  constexpr int kRows = 1'000'003;
  constexpr int kBatch = 10'000;
  RocksResources small{RocksResources::Options{.memory_budget = std::size_t{8} << 20U}};
  auto database = Database::open({.path = path_ + "/db", .families = {"a"}, .resources = &small});
  ASSERT_TRUE(database) << database.error().message();
  DatabaseBatch batch;
  for (std::int64_t i = 0; i < kRows; ++i) {  // Each key once, in no order.
    batch.put(1, std::to_string(1'000'000'000 + i * 7919 % kRows), "value");
    if (i % kBatch != kBatch - 1) continue;
    ASSERT_TRUE((*database)->write(batch, false));
    batch.clear();
  }
  ASSERT_TRUE(testing::eventually([&] { return table_files(path_ + "/db") <= 5; }));
  const auto look_up_missing = [&](int i) {
    const auto found = (*database)->get(1, std::to_string(1'000'000'000 + i * 9973) + "missing");
    ASSERT_TRUE(found);
    EXPECT_FALSE(found->has_value());
  };

  look_up_missing(0);
  const std::uint64_t before = bytes_read();
  for (int i = 1; i <= 100; ++i) look_up_missing(i);

  EXPECT_LT(bytes_read() - before, 10'000'000U) << "of a filter of a MB, and blocks of 4 KB";
}

TEST_F(DatabaseTest, AfterAFailedWriteItIsReadOnlyUntilItIsOpenedAgain) {
  auto database = open();
  put(*database, 1, {"kept"});
  {
    const FileLimit full(std::filesystem::file_size(wal()) + 10);
    DatabaseBatch batch;
    batch.put(1, "lost", std::string(100'000, 'x'));
    const Status failed = database->write(batch, true);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().kind(), ErrorKind::kFatal);
    EXPECT_NE(failed.error().message().find(path_), std::string::npos) << failed.error().message();
  }
  // There is room again, but this one has broken off in the middle.
  EXPECT_EQ(database->sync_wal().error().kind(), ErrorKind::kFatal);
  EXPECT_EQ(database->flush().error().kind(), ErrorKind::kFatal);
  EXPECT_EQ(database->clear(1).error().kind(), ErrorKind::kFatal);
  EXPECT_EQ(keys(*database, 1, "", "", ScanDirection::kForward), "kept,");

  database.reset();
  database = open();
  put(*database, 1, {"new"});
  EXPECT_EQ(keys(*database, 1, "", "", ScanDirection::kForward), "kept,new,");
}

TEST_F(DatabaseTest, ReadsWhatWasWritten) {
  const auto database = open();
  DatabaseBatch batch;
  EXPECT_TRUE(batch.empty());
  batch.put(1, "k", "one");
  batch.put(2, "k", std::string("\0two", 4));
  batch.put(1, "gone", "x");
  batch.erase(1, "gone");
  EXPECT_GT(batch.bytes(), 0U);
  ASSERT_TRUE(database->write(batch, true));

  EXPECT_EQ(**database->get(1, "k"), "one");
  EXPECT_EQ(**database->get(2, "k"), std::string("\0two", 4));
  EXPECT_FALSE(database->get(0, "k")->has_value());
  EXPECT_FALSE(database->get(1, "gone")->has_value());
  std::string value = "old content that is longer";
  EXPECT_TRUE(*database->get_into(1, "k", value));
  EXPECT_EQ(value, "one");
  EXPECT_FALSE(*database->get_into(1, "none", value));
}

TEST_F(DatabaseTest, KeepsRowsWithoutFlushAcrossOpen) {
  put(*open(), 1, {"k"});
  const auto database = open();
  EXPECT_EQ(**database->get(1, "k"), "value of k");
}

TEST_F(DatabaseTest, KeepsFamiliesThatAreNotNamed) {
  put(*open({"a", "b"}), 2, {"k"});
  put(*open({"a", "c"}), 1, {"l"});
  const auto database = open({"b", "a"});
  EXPECT_EQ(**database->get(1, "k"), "value of k");
  EXPECT_EQ(**database->get(2, "l"), "value of l");
}

TEST_F(DatabaseTest, ScansRangesInBothDirections) {
  const auto database = open();
  put(*database, 1, {"a", "b", "c", "d"});
  EXPECT_EQ(keys(*database, 1, {}, {}, ScanDirection::kForward), "a,b,c,d,");
  EXPECT_EQ(keys(*database, 1, {}, {}, ScanDirection::kReverse), "d,c,b,a,");
  EXPECT_EQ(keys(*database, 1, "b", "d", ScanDirection::kForward), "b,c,");
  EXPECT_EQ(keys(*database, 1, "b", "d", ScanDirection::kReverse), "c,b,");
  EXPECT_EQ(keys(*database, 1, "bb", {}, ScanDirection::kForward), "c,d,");
  EXPECT_EQ(keys(*database, 1, {}, "bb", ScanDirection::kReverse), "b,a,");
  EXPECT_EQ(keys(*database, 1, "c", "b", ScanDirection::kForward), "");
  EXPECT_EQ(keys(*database, 1, "c", "c", ScanDirection::kReverse), "");
}

TEST_F(DatabaseTest, ScanSeesTheDatabaseAsItWas) {
  const auto database = open();
  put(*database, 1, {"a", "c"});
  const auto rows = database->scan(1, {}, {}, ScanDirection::kForward);
  put(*database, 1, {"b"});
  rows->next();
  EXPECT_EQ(rows->key(), "c");
}

TEST_F(DatabaseTest, ClearsOneFamilyAlone) {
  const auto database = open();
  put(*database, 1, {"a", "b"});
  ASSERT_TRUE(database->flush());
  put(*database, 1, {"c"});
  put(*database, 2, {"a"});
  ASSERT_TRUE(database->clear(1));
  EXPECT_EQ(keys(*database, 1, {}, {}, ScanDirection::kForward), "");
  EXPECT_EQ(keys(*database, 2, {}, {}, ScanDirection::kForward), "a,");
  put(*database, 1, {"z"});
  EXPECT_EQ(keys(*database, 1, {}, {}, ScanDirection::kForward), "z,");
}

TEST_F(DatabaseTest, DropRangeLeavesTheRestAlone) {
  const auto database = open();
  put(*database, 1, {"a", "b", "c", "d"});
  ASSERT_TRUE(database->flush());
  ASSERT_TRUE(database->drop_range(1, "a", "c"));
  const std::string left = keys(*database, 1, "c", {}, ScanDirection::kForward);
  EXPECT_EQ(left, "c,d,");
}

TEST_F(DatabaseTest, SequenceGrowsWithEveryChange) {
  const auto database = open();
  const auto before = database->latest_sequence();
  put(*database, 1, {"a"});
  EXPECT_GT(database->latest_sequence(), before);
  EXPECT_TRUE(database->sync_wal());
  EXPECT_GT(resources_.memory_used(), 0U);
}

TEST_F(DatabaseTest, SaysWhichDirectoryCannotBeOpened) {
  const auto missing = Database::open({.path = path_ + "/none",
                                       .families = {},
                                       .resources = &resources_,
                                       .create_if_missing = false});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind(), ErrorKind::kMachine);
  EXPECT_NE(missing.error().message().find(path_ + "/none"), std::string_view::npos);
}

TEST_F(DatabaseTest, SurvivesAKilledProcess) {
  open();
  const pid_t child = ::fork();
  if (child == 0) {
    auto database = Database::open({.path = path_ + "/db", .families = {"a"}});
    DatabaseBatch batch;
    batch.put(1, "k", "v");
    if (database && (*database)->write(batch, false)) ::kill(::getpid(), SIGKILL);
    ::_exit(1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(**open()->get(1, "k"), "v");
}

TEST_F(DatabaseTest, LockRefusesASecondOwnerWithItsPid) {
  const std::string directory = path_ + "/locked/deeper";
  auto lock = DirectoryLock::acquire(directory);
  ASSERT_TRUE(lock) << lock.error().message();
  struct stat info{};
  ASSERT_EQ(::stat(directory.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0700U);

  const auto second = DirectoryLock::acquire(directory);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message().find(std::to_string(::getpid())), std::string_view::npos);
  EXPECT_NE(second.error().message().find(directory), std::string_view::npos);

  lock->reset();
  EXPECT_TRUE(DirectoryLock::acquire(directory));
}

TEST_F(DatabaseTest, LockRefusesAFile) {
  const std::string file = path_ + "/file";
  ASSERT_EQ(::close(::creat(file.c_str(), 0600)), 0);
  EXPECT_FALSE(DirectoryLock::acquire(file));
}

TEST_F(DatabaseTest, LockRefusesAnotherUsersDirectory) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a directory away";
  ASSERT_EQ(::mkdir((path_ + "/other").c_str(), 0777), 0);
  ASSERT_EQ(::chown((path_ + "/other").c_str(), 12345, 12345), 0);
  const auto lock = DirectoryLock::acquire(path_ + "/other");
  ASSERT_FALSE(lock);
  EXPECT_NE(lock.error().message().find("12345"), std::string_view::npos);
}

}  // namespace
}  // namespace millstream
