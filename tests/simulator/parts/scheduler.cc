#include "scheduler.h"

#include <millstream/core/assert.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <utility>

#include <csetjmp>

#include <ucontext.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif

namespace millstream::simulation {

namespace {

constexpr std::size_t kStackBytes = std::size_t{256} << 10U;

/// Stacks outlive schedules: making them is what a fiber costs.
std::vector<std::unique_ptr<char[]>>& stack_pool() {
  thread_local std::vector<std::unique_ptr<char[]>> pool;
  return pool;
}

std::unique_ptr<char[]> take_stack() {
  auto& pool = stack_pool();
  if (pool.empty()) return std::unique_ptr<char[]>(new char[kStackBytes]);  // NOLINT: not zeroed
  auto stack = std::move(pool.back());
  pool.pop_back();
  return stack;
}

}  // namespace

/// Where a fiber goes on, or who resumed it. After the first entry, which needs a context, a jump
/// is enough: swapcontext asks the kernel for the signal mask each time, a quarter of a schedule's
/// time.
struct Scheduler::Place {
  ucontext_t context{};
  std::jmp_buf jump{};
};

void Scheduler::switch_between(Place& from, Place& to, bool first_entry) {
#ifdef __SANITIZE_ADDRESS__
  static_cast<void>(first_entry);
  swapcontext(&from.context, &to.context);
#else
  if (_setjmp(from.jump) != 0) return;
  if (first_entry) setcontext(&to.context);
  _longjmp(to.jump, 1);
#endif
}

struct Scheduler::Fiber {
  ~Fiber() { stack_pool().push_back(std::move(stack)); }

  int process = 0;
  std::function<void()> body;
  Timestamp wake;
  std::uint64_t order = 0;
  bool wants_news = false;
  bool begun = false;
  bool done = false;
  bool dying = false;
  std::exception_ptr error;
  std::unique_ptr<char[]> stack = take_stack();
  Place here;
  Place caller;
};

Scheduler::Scheduler(Dice& dice) : dice_(&dice) {}

Scheduler::~Scheduler() {
  while (!fibers_.empty()) kill_process(fibers_.front()->process);
}

void Scheduler::spawn(int process, std::function<void()> body) {
  auto fiber = std::make_unique<Fiber>();
  fiber->process = process;
  fiber->body = std::move(body);
  fiber->wake = now_;
  fiber->order = dice_->next();
  fibers_.push_back(std::move(fiber));
}

void Scheduler::enter(unsigned high, unsigned low) {
  auto* fiber = reinterpret_cast<Fiber*>((std::uintptr_t{high} << 32U) | std::uintptr_t{low});
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
#endif
  try {
    if (!fiber->dying) fiber->body();
  } catch (const Killed&) {
    fiber->dying = true;
  } catch (...) {
    fiber->error = std::current_exception();
  }
  fiber->done = true;
  fiber->body = nullptr;
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_start_switch_fiber(nullptr, fiber->caller.context.uc_stack.ss_sp,
                                 fiber->caller.context.uc_stack.ss_size);
#endif
  switch_between(fiber->here, fiber->caller, false);
}

void Scheduler::resume(Fiber& fiber) {
  const bool first = !std::exchange(fiber.begun, true);
  if (first) {
    getcontext(&fiber.here.context);
    fiber.here.context.uc_stack.ss_sp = fiber.stack.get();
    fiber.here.context.uc_stack.ss_size = kStackBytes;
    fiber.here.context.uc_link = nullptr;
    const auto address = reinterpret_cast<std::uintptr_t>(&fiber);
    makecontext(&fiber.here.context, reinterpret_cast<void (*)()>(&Scheduler::enter), 2,
                static_cast<unsigned>(address >> 32U), static_cast<unsigned>(address));
  }
  running_ = &fiber;
#ifdef __SANITIZE_ADDRESS__
  void* fake = nullptr;
  __sanitizer_start_switch_fiber(&fake, fiber.stack.get(), kStackBytes);
#endif
  switch_between(fiber.caller, fiber.here, first);
#ifdef __SANITIZE_ADDRESS__
  const void* bottom = nullptr;
  std::size_t size = 0;
  __sanitizer_finish_switch_fiber(fake, &bottom, &size);
#endif
  running_ = nullptr;
  if (!fiber.done) return;
  const std::exception_ptr error = fiber.error;
  std::erase_if(fibers_, [&](const auto& other) { return other.get() == &fiber; });
  if (error) std::rethrow_exception(error);
}

void Scheduler::give_way(Timestamp until, bool news) {
  Fiber* fiber = running_;
  if (fiber == nullptr || fiber->dying) return;  // destructors of the dying must come through
  fiber->wake = until;
  fiber->order = dice_->next();
  fiber->wants_news = news;
#ifdef __SANITIZE_ADDRESS__
  void* fake = nullptr;
  __sanitizer_start_switch_fiber(&fake, fiber->caller.context.uc_stack.ss_sp,
                                 fiber->caller.context.uc_stack.ss_size);
#endif
  switch_between(fiber->here, fiber->caller, false);
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
#endif
  fiber->wants_news = false;
  if (fiber->dying) throw Killed();
}

void Scheduler::sleep(Duration time) { give_way(now_ + time, false); }
void Scheduler::wait_for_news(Duration time) { give_way(now_ + time, true); }

int Scheduler::current_process() const { return running_ == nullptr ? -1 : running_->process; }

void Scheduler::notify() {
  for (const auto& fiber : fibers_) {
    if (fiber->wants_news && fiber->wake > now_) fiber->wake = now_ + Duration(1);
  }
}

bool Scheduler::run_one(Timestamp limit) {
  Fiber* first = nullptr;
  Timestamp first_wake = limit;
  for (const auto& fiber : fibers_) {
    Timestamp wake = fiber->wake;
    for (const auto& [process, until] : stopped_) {
      if (process == fiber->process) wake = std::max(wake, until);
    }
    if (wake > first_wake) continue;
    if (first != nullptr && wake == first_wake && fiber->order > first->order) continue;
    first = fiber.get();
    first_wake = wake;
  }
  now_ = std::max(now_, first_wake);
  last_process_ = first == nullptr ? -1 : first->process;
  if (first == nullptr) return false;
  resume(*first);
  return true;
}

void Scheduler::stop_process(int process, Timestamp until) {
  std::erase_if(stopped_, [&](const auto& one) { return one.second < now_; });
  stopped_.emplace_back(process, until);
}

bool Scheduler::is_stopped(int process) const {
  return std::any_of(stopped_.begin(), stopped_.end(),
                     [&](const auto& one) { return one.first == process && one.second > now_; });
}

void Scheduler::kill_process(int process) {
  MILLSTREAM_ASSERT(running_ == nullptr, "a process is killed from outside");
  std::erase_if(stopped_, [&](const auto& one) { return one.first == process; });
  while (true) {
    const auto found = std::find_if(fibers_.begin(), fibers_.end(),
                                    [&](const auto& one) { return one->process == process; });
    if (found == fibers_.end()) return;
    Fiber& fiber = **found;
    fiber.dying = true;
    if (fiber.begun) {
      resume(fiber);
    } else {
      fibers_.erase(found);
    }
  }
}

bool Scheduler::is_running(int process) const {
  return std::any_of(fibers_.begin(), fibers_.end(),
                     [&](const auto& one) { return one->process == process; });
}

void Scheduler::leap(Duration time) { now_ = now_ + time; }

}  // namespace millstream::simulation
