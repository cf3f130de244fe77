// Something that is announced when it begins, and then not before it was over: two limits instead of one.
//
// Thread safety: none.
#pragma once

namespace slickqd {

class Episode {
 public:
  /// `is`: it has surely begun; `over`: it is surely over; between the two nothing changes. True: announce it now.
  bool update(bool is, bool over) noexcept {
    const bool begins = is && !on_;
    on_ = on_ ? !over : is;
    return begins;
  }
  bool on() const noexcept { return on_; }

 private:
  bool on_ = false;
};

}  // namespace slickqd
