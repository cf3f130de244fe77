// A flow of control with a stack of its own, that runs only when somebody goes to it.
//
// Thread safety: fibres of one thread. The sanitizers are told of every change of stacks; the thread sanitizer sees one
// thread and so no race here.
// A fibre that nobody goes to any more is gone, without a trace and without destructors, as a process after SIGKILL:
// what its body needs from the heap belongs to somebody else.
#pragma once

#include <ucontext.h>

#include <cstddef>
#include <cstdlib>
#include <functional>
#include <memory>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace test_support {

class Fibre {
 public:
  /// What runs already: the thread's own flow.
  static Fibre of_thread() { return Fibre(); }
  explicit Fibre(std::size_t stack_bytes) : bytes_(stack_bytes), stack_(new std::byte[stack_bytes]) {}
  Fibre(const Fibre&) = delete;
  Fibre& operator=(const Fibre&) = delete;
  ~Fibre() { forget(); }

  /// From the top, whatever it was doing. `body` ends by going to another fibre and never returns.
  void start(std::function<void()> body) {
    forget();
    body_ = std::move(body);
#if defined(__SANITIZE_ADDRESS__)
    ASAN_UNPOISON_MEMORY_REGION(stack_.get(), bytes_);  // the frames of what ended in the middle
#endif
#if defined(__SANITIZE_THREAD__)
    tsan_ = __tsan_create_fiber(0);
#endif
    getcontext(&context_);
    context_.uc_stack.ss_sp = stack_.get();
    context_.uc_stack.ss_size = bytes_;
    context_.uc_link = nullptr;
    makecontext(&context_, &Fibre::enter, 0);
  }

  /// Leave this one, which is running, and go on in `to`. Returns when somebody goes here.
  void go_to(Fibre& to) {
    came_from() = this;
    going_to() = &to;
#if defined(__SANITIZE_THREAD__)
    if (tsan_ == nullptr) tsan_ = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(to.tsan_, 0);
#endif
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(&fake_stack_, to.bottom(), to.bytes_);
#endif
    swapcontext(&context_, &to.context_);
    arrive();
  }

 private:
  Fibre() = default;

  static Fibre*& came_from() {
    static thread_local Fibre* fibre = nullptr;
    return fibre;
  }
  static Fibre*& going_to() {
    static thread_local Fibre* fibre = nullptr;
    return fibre;
  }

  static void enter() {
    Fibre& self = *going_to();
    self.arrive();
    self.body_();
    std::abort();  // it had nowhere to return to
  }

  void arrive() {
#if defined(__SANITIZE_ADDRESS__)
    const void* bottom = nullptr;
    std::size_t bytes = 0;
    __sanitizer_finish_switch_fiber(fake_stack_, &bottom, &bytes);
    if (!came_from()->stack_) {  // the thread's own stack is known only from here
      came_from()->thread_bottom_ = bottom;
      came_from()->bytes_ = bytes;
    }
#endif
  }

  void forget() {
#if defined(__SANITIZE_ADDRESS__)
    fake_stack_ = nullptr;
    if (stack_) ASAN_UNPOISON_MEMORY_REGION(stack_.get(), bytes_);
#endif
#if defined(__SANITIZE_THREAD__)
    if (stack_ && tsan_ != nullptr) __tsan_destroy_fiber(tsan_);
    tsan_ = nullptr;
#endif
  }

#if defined(__SANITIZE_ADDRESS__)
  const void* bottom() const { return stack_ ? static_cast<const void*>(stack_.get()) : thread_bottom_; }
  void* fake_stack_ = nullptr;
  const void* thread_bottom_ = nullptr;
#endif
#if defined(__SANITIZE_THREAD__)
  void* tsan_ = nullptr;
#endif
  ucontext_t context_{};
  std::size_t bytes_ = 0;
  std::unique_ptr<std::byte[]> stack_;
  std::function<void()> body_;
};

}  // namespace test_support
