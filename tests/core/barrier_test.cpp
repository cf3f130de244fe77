// That the barriers of wait.hpp are really asked of the kernel, by those who need them and by nobody else: a filter on
// the system call (seccomp) ends a process that makes it, or refuses it. wake_test shows what they are for.
#include <doctest/doctest.h>
#include <linux/filter.h>
#include <linux/membarrier.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <stdexcept>

#include "child_process.hpp"
#include "slickq/consumer.hpp"
#include "slickq/producer.hpp"
#include "support/shm_dir.hpp"

using slickq::Consumer;
using slickq::Geometry;
using slickq::Layout;
using slickq::Pop;
using slickq::Producer;
using slickq::ProducerMode;
using slickq::ProducerOptions;
using slickq::Push;
using slickq::Queue;
using slickq::Wait;
using test_support::Child;
using test_support::ChildSide;

namespace {

constexpr auto kHour = std::chrono::hours(1);
constexpr auto kPatience = std::chrono::milliseconds(300);
constexpr std::array<std::byte, 8> kElement{};
constexpr int kEnded = 128 + SIGSYS;

constexpr std::uint32_t kEnd = SECCOMP_RET_KILL_PROCESS;
constexpr std::uint32_t kRefuse = SECCOMP_RET_ERRNO | ENOSYS;

// From here on `answer` is what this process gets for that command of membarrier.
void answer_membarrier(std::uint32_t command, std::uint32_t answer) {
  std::array<sock_filter, 6> program{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, command, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, answer),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog filter{program.size(), program.data()};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
    throw std::runtime_error("the kernel filters no system calls");
  }
}

struct World {
  World() {
    slickq::CreateOptions options;
    options.shm_dir = dir.path();
    queue.emplace(Queue::create("q", Geometry::make(Layout::slq1, 64, 8), options));
  }
  void until_somebody_sleeps() const {
    while (slickq::HardwareMemory::load(&queue->annex()->waiters.value, std::memory_order_seq_cst) == 0) usleep(100);
  }
  // A process that waits for the first item; how it ends.
  template <class WaitForIt>
  Child taker(std::uint32_t answer, WaitForIt wait_for_it) const {
    return Child([=, this](ChildSide&) {
      const Queue own = Queue::open("q", dir.path());
      answer_membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED, answer);
      return wait_for_it(own) ? 0 : 1;
    });
  }
  // A process that registers for them or not; the exit status.
  template <class Body>
  int maker(std::uint32_t answer, Body body) const {
    Child child([=, this](ChildSide&) {
      Queue own = Queue::open("q", dir.path());
      answer_membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, answer);
      return body(own) == Push::pushed ? 0 : 1;
    });
    return child.join();
  }

  test_support::ShmDir dir;
  std::optional<Queue> queue;
};

Push push_among_others(Queue& queue) { return Producer(queue).push(kElement); }
Push push_alone(Queue& queue) {
  ProducerOptions options;
  options.mode = ProducerMode::single;
  Producer producer(queue, options);
  return producer.push(kElement);
}
Push push_in_a_burst(Queue& queue) {
  Producer producer(queue);
  auto burst = producer.burst(4);
  return burst.push(kElement);
}

bool pop_wait(const Queue& queue) {
  Consumer consumer(queue, {slickq::Start::At::index, 0});
  std::array<std::byte, 8> buffer;
  return consumer.pop_wait(buffer, kPatience, Wait::block(kHour, 0)).what == Pop::item;
}
// As Waiter, but each sleep may last an hour from the first on.
bool doze_for_hours(const Queue& queue) {
  std::uint32_t firm = 0;
  auto ready = [&] { return queue.ring().held_by_slot(0) == 0; };
  while (!ready()) slickq::detail::doze(*queue.annex(), kHour, ready, firm);
  return firm == 0;
}

}  // namespace

TEST_CASE("who goes to sleep asks for a barrier on every core") {
  World world;
  CHECK(world.taker(kEnd, pop_wait).join() == kEnded);
}

TEST_CASE("who publishes by plain stores tells the kernel that it expects barriers; who does not, need not") {
  World world;
  CHECK(world.maker(kEnd, push_alone) == kEnded);
  CHECK(world.maker(kEnd, push_in_a_burst) == kEnded);
  CHECK(world.maker(kEnd, push_among_others) == 0);
}

TEST_CASE("where the kernel refuses barriers everything works without") {
  World world;
  CHECK(world.maker(kRefuse, push_alone) == 0);
  CHECK(world.maker(kRefuse, push_in_a_burst) == 0);
  CHECK(world.queue->ring().held_by_slot(1) == 1);
}

TEST_CASE("a sleeper that was refused its barrier looks again before long, whatever it was allowed to sleep") {
  World world;
  Child taker = world.taker(kRefuse, doze_for_hours);
  world.until_somebody_sleeps();
  usleep(20'000);                                                  // until it does, and not only says so
  world.queue->ring().publish(world.queue->ring().reserve(1), 1);  // as one who overlooks it: nobody is woken
  CHECK(taker.join() == 0);
}
