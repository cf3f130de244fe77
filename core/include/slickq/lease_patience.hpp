// How long a thread waits, in all, for files that somebody has leased.
//
// A file under a write lease opens for nobody until the lease goes: that takes some milliseconds where somebody asks
// who uses the file, and for ever where somebody wants to be in the way. Each open() of this library waits for 50 ms
// at most; a hundred such files would be five seconds. Whoever looks at many files sets a limit for all of them
// together; what is still leased when it is reached is busy at once.
//
// Thread safety: an object belongs to the thread that made it, and counts for that thread alone. Objects of one thread
// end in the reverse order of their making; where several live, each has to agree to a wait, and counts it.
#pragma once

namespace slickq {

class LeasePatience {
 public:
  static constexpr unsigned kOneFile = 50;  ///< what a single open() waits for without anybody's limit

  /// `waits`: of a millisecond each.
  explicit LeasePatience(unsigned waits = kOneFile) noexcept;
  LeasePatience(const LeasePatience&) = delete;
  LeasePatience& operator=(const LeasePatience&) = delete;
  ~LeasePatience();

  unsigned spent() const noexcept { return spent_; }
  /// Takes one wait from each of the calling thread's. False: one of them has none left, nothing was taken.
  static bool take() noexcept;

 private:
  unsigned waits_;
  unsigned spent_ = 0;
  LeasePatience* outer_;
};

}  // namespace slickq
