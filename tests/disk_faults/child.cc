#include <millstream/core/fault_points.h>

#include "cases.h"

#include <csignal>
#include <cstdlib>
#include <exception>

#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace millstream::testing {

namespace {

int& tell_descriptor() {
  static int descriptor = -1;
  return descriptor;
}

struct KillPoint {
  std::string name;
  int times = 0;
};
KillPoint& kill_point() {
  static KillPoint point;
  return point;
}

ChildEnd run(const std::function<int()>& body, int kill_after_microseconds) {
  int pipe[2];
  if (::pipe(pipe) != 0) return {-1, 0, "no pipe"};
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::close(pipe[0]);
    tell_descriptor() = pipe[1];
    int status = 99;
    try {
      status = body();
    } catch (const std::exception& error) {
      tell(error.what());
    }
    ::_exit(status);  // no destructors: the parent's objects aren't this process's
  }
  ::close(pipe[1]);
  if (kill_after_microseconds >= 0) {
    ::usleep(static_cast<useconds_t>(kill_after_microseconds));
    ::kill(child, SIGKILL);
  }
  ChildEnd end;
  char bytes[4096];
  for (ssize_t size = 0; (size = ::read(pipe[0], bytes, sizeof bytes)) > 0;) {
    end.said.append(bytes, static_cast<std::size_t>(size));
  }
  ::close(pipe[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  end.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  end.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  return end;
}

}  // namespace

ChildEnd run_child(const std::function<int()>& body) { return run(body, -1); }

ChildEnd run_child_and_kill(const std::function<int()>& body, std::uint64_t microseconds) {
  return run(body, static_cast<int>(microseconds));
}

void tell(const std::string& text) {
  if (tell_descriptor() < 0) return;
  if (::write(tell_descriptor(), text.data(), text.size()) < 0) ::_exit(98);
}

void kill_at(const std::string& point, int times) { kill_point() = {point, times}; }

FaultyFileSystem& disk() {
  static const auto system = std::make_shared<FaultyFileSystem>();
  return *system;
}

}  // namespace millstream::testing

namespace millstream::faults {

bool is_active(Mutant) { return false; }

void reach(const char* point) {
  auto& [name, times] = testing::kill_point();
  if (times > 0 && name == point && --times == 0) ::kill(::getpid(), SIGKILL);
}

rocksdb::Env* environment() {
  static const std::unique_ptr<rocksdb::Env> environment = rocksdb::NewCompositeEnv(
      std::shared_ptr<rocksdb::FileSystem>(&testing::disk(), [](rocksdb::FileSystem*) {}));
  return environment.get();
}

}  // namespace millstream::faults
