// Open-file-description locks on byte 0: for reading by those who share, for writing by who is alone.
#include "slickq/producers_lock.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "slickq/error.hpp"
#include "slickq/journal_lock.hpp"

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

ProducersLock::ProducersLock(const Queue& queue, Kind kind) : pid_(getpid()), kind_(kind) {
  if (!queue.is_shared()) {
    join(queue);
    return;
  }
  // By an open file of its own: the locks of one do not conflict, and several producers may use one Queue.
  fd_ = open_again(queue.segment().fd(), true);
  if (fd_ < 0) {
    join(queue);
    queue_fd_ = queue.segment().fd();
  }
  const int error = lock(fd_ < 0 ? queue_fd_ : fd_);
  if (error == 0) return;
  leave();
  if (error == EAGAIN || error == EACCES) throw refused(queue, kind);
  throw system_failure(queue.name(), "cannot lock out other producers", error);
}

int ProducersLock::lock(int fd) noexcept { return set_first_byte(fd, kind_ == Kind::alone ? F_WRLCK : F_RDLCK); }

void ProducersLock::join(const Queue& queue) {
  ProducerCount& count = queue.producer_count();
  const std::lock_guard guard(count.mutex);
  if (count.alone || (kind_ == Kind::alone && count.sharing != 0)) throw refused(queue, kind_);
  count_ = &count;
  count.alone = kind_ == Kind::alone;
  if (kind_ == Kind::shared) ++count.sharing;
}

void ProducersLock::leave() noexcept {
  if (fd_ >= 0) close(fd_);
  if (count_ == nullptr) return;
  const std::lock_guard guard(count_->mutex);
  if (kind_ == Kind::shared) --count_->sharing;
  count_->alone = false;
  // The last one of the file. Not in a forked child: the lock is its parent's, too.
  if (queue_fd_ >= 0 && count_->sharing == 0 && pid_ == getpid()) set_first_byte(queue_fd_, F_UNLCK);
}

ProducersLock::~ProducersLock() { leave(); }

}  // namespace slickq
