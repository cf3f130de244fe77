// What makes each peer. One file each; those whose library CMake has not found are not built.
//
// Thread safety: pure functions.
#pragma once

#include "../link.hpp"

namespace slickq::peers {

std::unique_ptr<Link> make_boost_spsc(const Plan& plan);
std::unique_ptr<Link> make_boost_spsc_range(const Plan& plan);
std::unique_ptr<Link> make_boost_queue(const Plan& plan);
std::unique_ptr<Link> make_boost_message_queue(const Plan& plan);
std::unique_ptr<Link> make_atomic_queue2(const Plan& plan);
std::unique_ptr<Link> make_atomic_queue2_spsc(const Plan& plan);
std::unique_ptr<Link> make_atomic_queue_b2(const Plan& plan);
std::unique_ptr<Link> make_atomic_queue_b2_spsc(const Plan& plan);
std::unique_ptr<Link> make_concurrent_queue(const Plan& plan);
std::unique_ptr<Link> make_concurrent_queue_bulk(const Plan& plan);
std::unique_ptr<Link> make_reader_writer_queue(const Plan& plan);
std::unique_ptr<Link> make_ck_ring_spsc(const Plan& plan);
std::unique_ptr<Link> make_ck_ring_mpmc(const Plan& plan);
std::unique_ptr<Link> make_sofi(const Plan& plan);
std::unique_ptr<Link> make_zeromq(const Plan& plan);
std::unique_ptr<Link> make_pipe(const Plan& plan);
std::unique_ptr<Link> make_unix_socket(const Plan& plan);
std::unique_ptr<Link> make_unix_socket_mmsg(const Plan& plan);
std::unique_ptr<Link> make_posix_mq(const Plan& plan);

/// Two buffers and nothing else: what the machine can copy from one CPU to the other. A message is a whole buffer.
std::unique_ptr<Link> make_bare_copy(const Plan& plan);

// Queues that do one thing wrong: the proof that it would be noticed.
std::unique_ptr<Link> make_losing(const Plan& plan);
std::unique_ptr<Link> make_losing_early(const Plan& plan);  ///< during warm-up
std::unique_ptr<Link> make_losing_last(const Plan& plan);   ///< the last of 300
std::unique_ptr<Link> make_overtelling(const Plan& plan);   ///< tells of a loss that there was not
std::unique_ptr<Link> make_tearing(const Plan& plan);
std::unique_ptr<Link> make_repeating(const Plan& plan);
std::unique_ptr<Link> make_dying(const Plan& plan);
std::unique_ptr<Link> make_unavailable(const Plan& plan);

}  // namespace slickq::peers
