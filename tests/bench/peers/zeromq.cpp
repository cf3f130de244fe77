// ZeroMQ, PUSH to PULL over ipc. The address is an abstract one: it is no file, and goes with its process.
#include <unistd.h>
#include <zmq.h>

#include <atomic>

#include "../item.hpp"
#include "../shared_memory.hpp"
#include "peers.hpp"

namespace slickq::peers {
namespace {

// Messages may wait at both ends; together as many as elsewhere, besides those in the socket between.
constexpr int kHighWater = kCapacity / 2;

// It has threads of its own that do the work, on the same CPUs: who waits must sleep, but must not miss the end.
constexpr int kLongestWaitMs = 1;

void require(bool done, const char* what) {
  if (!done) throw bench::CheckFailed(fmt::format("{}: {}", what, zmq_strerror(zmq_errno())));
}

class Ends {
 public:
  static constexpr bool kHasOthersCarry = true;

  explicit Ends(const Plan& plan) : buffer_(plan.elem) {
    static unsigned number = 0;
    address_ = fmt::format("ipc://@slickq-bench-peers-{}-{}", getpid(), ++number);
  }
  std::uint64_t capacity() const { return kCapacity; }
  std::string remark() const { return "half of the capacity at each end, and what the socket between them holds"; }

  // Contexts do not survive a fork, so each worker makes its own, on its own CPU.
  void start_sending() {
    open(ZMQ_PUSH, ZMQ_SNDHWM);
    require(zmq_connect(socket_, address_.c_str()) == 0, "zmq_connect");
  }
  void start_receiving() {
    open(ZMQ_PULL, ZMQ_RCVHWM);
    require(zmq_bind(socket_, address_.c_str()) == 0, "zmq_bind");
  }
  // The connection must not end before the other has read all of it: closing waits until all is sent, but what the
  // other has not read from a connection that was closed may be gone. Both processes end without closing anything.
  void finish_sending() const {
    // acquire: pairs with the release below.
    while (all_received_->load(std::memory_order_acquire) == 0) usleep(1000);
  }
  void finish_receiving() const { all_received_->store(1, std::memory_order_release); }

  std::uint32_t try_send(std::span<const std::byte> messages, std::uint32_t) {
    if (zmq_send(socket_, messages.data(), buffer_.size(), 0) >= 0) return 1;
    require(zmq_errno() == EAGAIN, "zmq_send");
    return 0;
  }
  template <class OnMessage>
  bool poll(OnMessage on_message) {
    const int bytes = zmq_recv(socket_, buffer_.data(), buffer_.size(), 0);
    if (bytes < 0) {
      require(zmq_errno() == EAGAIN, "zmq_recv");
      return false;
    }
    if (static_cast<std::size_t>(bytes) != buffer_.size()) {
      throw bench::CheckFailed(fmt::format("a message had {} bytes", bytes));
    }
    on_message(buffer_);
    return true;
  }

 private:
  void set(int option, int value) {
    require(zmq_setsockopt(socket_, option, &value, sizeof value) == 0, "zmq_setsockopt");
  }
  void open(int kind, int high_water_option) {
    context_ = zmq_ctx_new();
    require(context_ != nullptr, "zmq_ctx_new");
    socket_ = zmq_socket(context_, kind);
    require(socket_ != nullptr, "zmq_socket");
    set(high_water_option, kHighWater);
    set(ZMQ_SNDTIMEO, kLongestWaitMs);
    set(ZMQ_RCVTIMEO, kLongestWaitMs);
    set(ZMQ_RECONNECT_IVL, 1);  // who connects before the other is there tries again at once
  }

  std::string address_;
  std::vector<std::byte> buffer_;
  Shared<std::atomic<std::uint32_t>> all_received_;
  void* context_ = nullptr;
  void* socket_ = nullptr;
};

}  // namespace

std::unique_ptr<Link> make_zeromq(const Plan& plan) { return link_of<Ends>(plan); }

}  // namespace slickq::peers
