// Open-file-description locks on byte 0: for reading by those who share, for writing by who is alone.
#include "slickq/producers_lock.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "slickq/error.hpp"

namespace slickq {
namespace {

// 0, or errno.
int set_first_byte(int fd, short type) noexcept {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_len = 1;
  int result;
  do {
    result = fcntl(fd, F_OFD_SETLK, &lock);
  } while (result < 0 && errno == EINTR);
  return result == 0 ? 0 : errno;
}

Error refused(const Queue& queue, ProducersLock::Kind kind) {
  const std::string name = queue.is_shared() ? queue.name() : "local queue";
  if (kind == ProducersLock::Kind::alone) {
    return Error(Errc::busy, name, "another producer is at work, and this one was declared to be the only one",
                 "end the other (slickq ps " + name + " names who has the queue), or declare neither");
  }
  return Error(Errc::busy, name, "a producer that was declared to be the only one is at work",
               "end it (slickq ps " + name + " names who has the queue), or do not declare it");
}

}  // namespace

// The count first: locks do not keep threads of one Queue apart.
ProducersLock::ProducersLock(const Queue& queue, Kind kind)
    : count_(&queue.producer_count()), fd_(queue.is_shared() ? queue.segment().fd() : -1), kind_(kind), pid_(getpid()) {
  const std::lock_guard guard(count_->mutex);
  if (count_->alone || (kind == Kind::alone && count_->sharing != 0)) throw refused(queue, kind);
  if (fd_ >= 0 && count_->sharing == 0) {
    const int error = set_first_byte(fd_, kind == Kind::alone ? F_WRLCK : F_RDLCK);
    if (error == EAGAIN || error == EACCES) throw refused(queue, kind);
    if (error != 0 && kind == Kind::alone) throw system_failure(queue.name(), "cannot lock out other producers", error);
  }
  if (kind == Kind::alone) {
    count_->alone = true;
  } else {
    ++count_->sharing;
  }
}

ProducersLock::~ProducersLock() {
  if (pid_ != getpid()) return;
  const std::lock_guard guard(count_->mutex);
  if (kind_ == Kind::alone) {
    count_->alone = false;
  } else {
    --count_->sharing;
  }
  // Cannot fail on a byte we hold; where it did, the lock would end with the open file.
  if (fd_ >= 0 && count_->sharing == 0) static_cast<void>(set_first_byte(fd_, F_UNLCK));
}

}  // namespace slickq
