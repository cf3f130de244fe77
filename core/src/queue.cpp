#include "slickq/queue.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <thread>
#include <utility>

#include "slickq/error.hpp"
#include "slickq/holders.hpp"
#include "slickq/journal.hpp"
#include "slickq/names.hpp"
#include "slickq/recognise.hpp"
#include "slickq/repair.hpp"
#include "slickq/seat.hpp"

namespace slickq {
namespace {

constexpr std::size_t kLineBytes = 64;

// Header, slots that were never used, elements as they are (zero in a new file).
void write_fresh(std::byte* base, const Geometry& geometry) noexcept {
  const HeaderBytes header = fresh_header(geometry);
  std::memcpy(base, header.data(), header.size());
  auto* slots = reinterpret_cast<Slot*>(base + kHeaderBytes);
  for (std::uint32_t k = 0; k < geometry.slot_count(); ++k) slots[k] = Slot{kNoIndex, 1, 0};
}

}  // namespace

// The annex of fresh, zero-filled memory.
void write_annex(std::byte* base, const Geometry& geometry) {
  const AnnexHeader header = fresh_annex_header(geometry);
  std::memcpy(base + annex_offset(geometry), &header, sizeof header);
}

namespace {

using Construct = std::function<void(std::byte*)>;

Segment::Initialise fresh_content(const Geometry& geometry, const Construct& construct) {
  return [geometry, construct](std::byte* base) {
    write_fresh(base, geometry);
    write_annex(base, geometry);
    if (construct) construct(base + geometry.data_offset());
  };
}

}  // namespace

struct Queue::State {
  struct AlignedDelete {
    std::align_val_t alignment;
    void operator()(std::byte* at) const noexcept { ::operator delete(at, alignment); }
  };
  using LocalMemory = std::unique_ptr<std::byte, AlignedDelete>;

  Geometry geometry;
  Segment segment;
  LocalMemory local{nullptr, AlignedDelete{std::align_val_t{kLineBytes}}};
  std::byte* base = nullptr;
  Annex* annex = nullptr;  // null where an original made the segment
  bool creator = false;
  LineTable lines;
  ProducerCount producers;

  explicit State(const Geometry& g) : geometry(g) {}
  void adopt(Segment mapped, bool has_annex) noexcept {
    segment = std::move(mapped);
    use(segment.data(), has_annex);
  }
  void use(std::byte* memory, bool has_annex) noexcept {
    base = memory;
    annex = has_annex ? reinterpret_cast<Annex*>(base + annex_offset(geometry)) : nullptr;
  }
};

Queue::Queue(std::unique_ptr<State> state) : state_(std::move(state)), ring_(state_->base, state_->geometry) {}
Queue::Queue(Queue&&) noexcept = default;
Queue& Queue::operator=(Queue&&) noexcept = default;
Queue::~Queue() = default;

Queue Queue::local(const Geometry& geometry, std::size_t element_alignment) {
  auto state = std::make_unique<State>(geometry);
  const std::size_t alignment = std::max(kLineBytes, element_alignment);
  // The format puts the elements at a fixed offset; where that misses the alignment, the base moves instead.
  const std::size_t miss = geometry.data_offset() % element_alignment;
  const std::size_t shift = miss == 0 ? 0 : element_alignment - miss;
  const std::uint64_t bytes = bytes_with_annex(geometry);
  state->local =
      State::LocalMemory(static_cast<std::byte*>(::operator new (bytes + shift, std::align_val_t{alignment})),
                         State::AlignedDelete{std::align_val_t{alignment}});
  std::byte* const base = state->local.get() + shift;
  std::memset(base, 0, bytes);
  write_fresh(base, geometry);
  write_annex(base, geometry);
  state->use(base, true);
  state->creator = true;
  return Queue(std::move(state));
}

Queue Queue::create(std::string_view name, const Geometry& geometry, const CreateOptions& options,
                    const std::function<void(std::byte*)>& construct) {
  auto state = std::make_unique<State>(geometry);  // first: behind the name's appearance nothing may fail
  return made(std::move(state),
              Segment::create(name, bytes_with_annex(geometry), options, fresh_content(geometry, construct)));
}

Queue Queue::prepare(std::string_view name, const Geometry& geometry, const CreateOptions& options) {
  return made(std::make_unique<State>(geometry),
              Segment::prepare(name, bytes_with_annex(geometry), options, fresh_content(geometry, {})));
}

Queue Queue::made(std::unique_ptr<State> state, Segment segment) noexcept {
  state->adopt(std::move(segment), true);
  state->creator = true;
  return Queue(std::move(state));
}

void Queue::give_name() { state_->segment.give_name(); }

Queue Queue::open(std::string_view name, std::string_view shm_dir, Access access, std::chrono::milliseconds patience,
                  std::chrono::milliseconds lock_patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  Recognition found;
  const auto check = [&](int fd, std::uint64_t bytes) {
    const std::string bare = segment_name(name);
    const auto recognised = recognise_file(fd, bytes);
    if (!recognised) throw system_failure(bare, "cannot read the header", errno);
    found = *recognised;
    if (found.verdict != Verdict::queue) throw Error(Errc::corrupt, bare, found.problem, "see: slickq list -a");
  };
  for (;;) {
    found = {};
    try {
      Segment segment = Segment::attach(name, shm_dir, access, check, lock_patience);
      auto state = std::make_unique<State>(*found.geometry);
      state->adopt(std::move(segment), found.has_annex);
      return Queue(std::move(state));
    } catch (const Error&) {
      if (!found.may_become_queue || std::chrono::steady_clock::now() >= deadline) throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

Queue Queue::open_or_create(std::string_view name, const Geometry& geometry, const CreateOptions& options,
                            const std::function<void(std::byte*)>& construct) {
  for (;;) {
    try {
      Queue queue = open(name, options.shm_dir);
      if (queue.geometry() == geometry) return queue;
      throw Error(Errc::mismatch, queue.name(),
                  "exists as " + queue.geometry().describe() + ", asked for " + geometry.describe(),
                  "open it as it is, or remove it first: slickq unlink " + queue.name());
    } catch (const Error& error) {
      if (error.code() != Errc::not_found) throw;
    }
    try {
      return create(name, geometry, options, construct);
    } catch (const Error& error) {
      if (error.code() != Errc::exists) throw;  // somebody was faster: open theirs
    }
  }
}

Annex* Queue::annex() const noexcept { return state_->annex; }
LineTable& Queue::line_table() const noexcept { return state_->lines; }
ProducerCount& Queue::producer_count() const noexcept { return state_->producers; }
const Geometry& Queue::geometry() const noexcept { return state_->geometry; }
bool Queue::is_shared() const noexcept { return !state_->local; }
bool Queue::is_creator() const noexcept { return state_->creator; }
bool Queue::writable() const noexcept { return state_->local || state_->segment.writable(); }
const std::string& Queue::name() const noexcept { return state_->segment.name(); }
const Segment& Queue::segment() const noexcept { return state_->segment; }
void Queue::reset(bool force) {
  if (!writable()) throw Error(Errc::permission, name(), "mapped read-only, and a reset writes");
  if (is_shared() && !force) {
    const Holders others = find_holders(state_->segment.path());
    if (others.held && others.proof != Proof::none) {
      throw Error(Errc::busy, name(), "held by " + others.describe() + "; a reset under them loses or repeats items",
                  "stop them first, or force it");
    }
    // A free lock says nothing of programs that take none: without a proof it counts as used. Where this process's own
    // producers stand in the way of the proof, the lock and what /proc shows have to do: they are its caller's to know.
    if (!nobody_has(others) && !others.by_caller) {
      throw Error(Errc::busy, name(), "may be in use, and we are not allowed to find out",
                  "reset it as its owner or as root, or force it");
    }
  }
  ring_.reset();
  // Or what was said of the old indexes would be held against whoever reserves the same ones again.
  forget_the_dead(*this);
  Journal journal(annex(), geometry());
  for (std::uint32_t line = 0; line < journal.top(); ++line) journal.forget_passed(line);
}

bool Queue::unlink() const noexcept { return is_shared() && ::unlink(state_->segment.path().c_str()) == 0; }
bool Queue::is_detached() const noexcept { return is_shared() && state_->segment.is_detached(); }

}  // namespace slickq
