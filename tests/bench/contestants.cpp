#include "contestants.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "did_you_mean.hpp"
#include "peers/peers.hpp"
#include "slickq/error.hpp"

// SLICKQ_PEER_x is 1 when CMake has found the library, else 0: then nothing of it is built, and its rows say so.
#define SLICKQ_BUILT_IN_1(make) make
#define SLICKQ_BUILT_IN_0(make) nullptr
#define SLICKQ_PASTE(found, make) SLICKQ_BUILT_IN_##found(make)
#define SLICKQ_BUILT_IN(found, make) SLICKQ_PASTE(found, make)

namespace slickq::peers {
namespace {

constexpr std::uint32_t kBatch = 16;
constexpr std::string_view kBoost = "libboost-dev";
constexpr std::string_view kAtomicQueue = "libatomic-queue-dev";
constexpr std::string_view kConcurrentQueue = "libconcurrentqueue-dev";
constexpr std::string_view kReaderWriterQueue = "libreaderwriterqueue-dev";
constexpr std::string_view kCk = "libck-dev";
constexpr std::string_view kIceoryx = "libiceoryx-hoofs-dev";
constexpr std::string_view kZeromq = "libzmq3-dev";
constexpr std::string_view kSystem = "the system";

void as_it_is(Plan&) {}
void be_single(Plan& plan) { plan.producer = ProducerMode::single; }
void burst(Plan& plan) { plan.burst = kBatch; }
void batch(Plan& plan) { plan.batch = kBatch; }
void read_in_place(Plan& plan) { plan.read = bench::ReadKind::zero_copy; }
void go_by_reference(Plan& plan) { plan = bench::reference_of(plan); }

using enum Where;
constexpr auto kOurs = Kind::slickq;

constexpr std::array kContestants{
    Contestant{"slickq", "slickq, push and pop", "", kOurs, process, 1, nullptr, as_it_is},
    Contestant{"slickq_zero_copy", "slickq, read in place, backpressure", "", kOurs, process, 1, nullptr,
               read_in_place},
    Contestant{"slickq_single", "slickq, declared single producer", "", kOurs, process, 1, nullptr, be_single},
    Contestant{"slickq_burst16", "slickq, bursts of 16", "", kOurs, process, kBatch, nullptr, burst},
    Contestant{"slickq_batch16", "slickq, batches of 16", "", kOurs, process, kBatch, nullptr, batch},
    Contestant{"reference", "what the original does", "", Kind::reference, process, 1, nullptr, go_by_reference},

    Contestant{"boost_spsc", "boost::lockfree::spsc_queue", kBoost, Kind::threads, process, 1,
               SLICKQ_BUILT_IN(SLICKQ_PEER_BOOST, make_boost_spsc)},
    Contestant{"boost_spsc_range16", "boost::lockfree::spsc_queue, ranges of 16", kBoost, Kind::threads, process,
               kBatch, SLICKQ_BUILT_IN(SLICKQ_PEER_BOOST, make_boost_spsc_range)},
    Contestant{"boost_queue", "boost::lockfree::queue", kBoost, Kind::threads, process, 1,
               SLICKQ_BUILT_IN(SLICKQ_PEER_BOOST, make_boost_queue)},
    Contestant{"boost_message_queue", "boost::interprocess::message_queue", kBoost, Kind::processes, process, 1,
               SLICKQ_BUILT_IN(SLICKQ_PEER_BOOST, make_boost_message_queue)},
    Contestant{"atomic_queue2", "atomic_queue::AtomicQueue2", kAtomicQueue, Kind::threads, process, 1,
               SLICKQ_BUILT_IN(SLICKQ_PEER_ATOMIC_QUEUE, make_atomic_queue2)},
    Contestant{"atomic_queue2_spsc", "atomic_queue::AtomicQueue2, SPSC", kAtomicQueue, Kind::threads, process, 1,
               SLICKQ_BUILT_IN(SLICKQ_PEER_ATOMIC_QUEUE, make_atomic_queue2_spsc)},
    Contestant{"atomic_queue_b2", "atomic_queue::AtomicQueueB2", kAtomicQueue, Kind::threads, process, 1,
               SLICKQ_BUILT_IN(SLICKQ_PEER_ATOMIC_QUEUE, make_atomic_queue_b2)},
    Contestant{"atomic_queue_b2_spsc", "atomic_queue::AtomicQueueB2, SPSC", kAtomicQueue, Kind::threads, process, 1,
               SLICKQ_BUILT_IN(SLICKQ_PEER_ATOMIC_QUEUE, make_atomic_queue_b2_spsc)},
    Contestant{"concurrent_queue", "moodycamel::ConcurrentQueue", kConcurrentQueue, Kind::threads, thread, 1,
               SLICKQ_BUILT_IN(SLICKQ_PEER_CONCURRENT_QUEUE, make_concurrent_queue)},
    Contestant{"concurrent_queue_bulk16", "moodycamel::ConcurrentQueue, bulks of 16", kConcurrentQueue, Kind::threads,
               thread, kBatch, SLICKQ_BUILT_IN(SLICKQ_PEER_CONCURRENT_QUEUE, make_concurrent_queue_bulk)},
    Contestant{"reader_writer_queue", "moodycamel::ReaderWriterQueue", kReaderWriterQueue, Kind::threads, thread, 1,
               SLICKQ_BUILT_IN(SLICKQ_PEER_READER_WRITER_QUEUE, make_reader_writer_queue)},
    Contestant{"ck_ring", "ck_ring, SPSC", kCk, Kind::threads, process, 1,
               SLICKQ_BUILT_IN(SLICKQ_PEER_CK, make_ck_ring_spsc)},
    Contestant{"ck_ring_mpmc", "ck_ring, MPMC", kCk, Kind::threads, process, 1,
               SLICKQ_BUILT_IN(SLICKQ_PEER_CK, make_ck_ring_mpmc)},
    Contestant{"sofi", "iceoryx SoFi", kIceoryx, Kind::lossy, process, 1,
               SLICKQ_BUILT_IN(SLICKQ_PEER_ICEORYX, make_sofi)},
    Contestant{"zeromq", "ZeroMQ PUSH/PULL, ipc", kZeromq, Kind::processes, process, 1,
               SLICKQ_BUILT_IN(SLICKQ_PEER_ZEROMQ, make_zeromq)},
    Contestant{"pipe", "pipe", kSystem, Kind::processes, process, 1, make_pipe},
    Contestant{"pipe_write16", "pipe, 16 a write", kSystem, Kind::processes, process, kBatch, make_pipe},
    Contestant{"unix_seqpacket", "Unix seqpacket socket", kSystem, Kind::processes, process, 1, make_unix_socket},
    Contestant{"unix_seqpacket_mmsg16", "Unix seqpacket socket, 16 a call", kSystem, Kind::processes, process, kBatch,
               make_unix_socket_mmsg},
    Contestant{"posix_mq", "POSIX message queue", kSystem, Kind::processes, process, 1, make_posix_mq},

    // Which size of buffer is the fastest depends on the caches, so there are several; the fastest counts.
    Contestant{"copy_16k", "bare copy, 16 KiB buffers", "", Kind::copy, process, 1, make_bare_copy, nullptr, 16 << 10},
    Contestant{"copy_64k", "bare copy, 64 KiB buffers", "", Kind::copy, process, 1, make_bare_copy, nullptr, 64 << 10},
    Contestant{"copy_256k", "bare copy, 256 KiB buffers", "", Kind::copy, process, 1, make_bare_copy, nullptr,
               256 << 10},

    Contestant{"faulty_loses", "loses one message", "", Kind::faulty, process, 1, make_losing},
    Contestant{"faulty_loses_early", "loses one message of the warm-up", "", Kind::faulty, process, 1,
               make_losing_early},
    Contestant{"faulty_loses_last", "loses the last message", "", Kind::faulty, process, 1, make_losing_last},
    Contestant{"faulty_overtells", "tells of a loss there was not", "", Kind::faulty, process, 1, make_overtelling},
    Contestant{"faulty_tears", "tears one message", "", Kind::faulty, process, 1, make_tearing},
    Contestant{"faulty_repeats", "hands one message out twice", "", Kind::faulty, process, 1, make_repeating},
    Contestant{"faulty_repeats_thread", "the same between threads", "", Kind::faulty, thread, 1, make_repeating},
    Contestant{"faulty_dies", "dies", "", Kind::faulty, process, 1, make_dying},
    Contestant{"faulty_unavailable", "not to be had", "", Kind::faulty, process, 1, make_unavailable},
};

constexpr std::array<std::string_view, 7> kKinds{"slickq", "reference", "processes", "threads",
                                                 "lossy",  "copy",      "faulty"};
static_assert(kKinds.size() == static_cast<std::size_t>(Kind::faulty) + 1, "indexed by Kind");

const Contestant& named(std::string_view flag, std::string_view name) {
  const auto* const found = std::ranges::find(kContestants, name, &Contestant::name);
  if (found != kContestants.end()) return *found;
  std::vector<std::string> known;
  for (const Contestant& contestant : kContestants) {
    if (!contestant.is_hidden()) known.emplace_back(contestant.name);
  }
  throw Error(Errc::invalid_argument, std::string(flag),
              fmt::format("'{}' is none of {}", name, fmt::join(known, ", ")), cli::did_you_mean(name, known));
}

}  // namespace

std::string_view to_string(Kind kind) noexcept { return kKinds[static_cast<std::size_t>(kind)]; }
std::string_view to_string(Where where) noexcept { return where == process ? "process" : "thread"; }

std::span<const Contestant> contestants() noexcept { return kContestants; }

std::vector<const Contestant*> choose(std::string_view flag, const std::string& names) {
  std::vector<const Contestant*> wanted;
  for (std::size_t from = 0; !names.empty() && from <= names.size();) {
    const std::size_t comma = std::min(names.find(',', from), names.size());
    wanted.push_back(&named(flag, std::string_view(names).substr(from, comma - from)));
    from = comma + 1;
  }
  std::vector<const Contestant*> chosen;
  for (const Contestant& contestant : kContestants) {
    const bool named_here = std::ranges::find(wanted, &contestant) != wanted.end();
    if (names.empty() ? !contestant.is_hidden() : named_here) chosen.push_back(&contestant);
  }
  return chosen;
}

}  // namespace slickq::peers
