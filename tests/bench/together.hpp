// Producer and consumer as two threads of one process, each on its CPU: for queues that cannot live between processes.
//
// Thread safety: one thread.
#pragma once

#include "link.hpp"

namespace slickq::peers {

/// The calling thread becomes the consumer. What either throws ends the process at once, with its words in the
/// consumer's report: nobody is left to wait for somebody who failed.
void produce_and_consume(Link& link, const Post& producer, int producer_cpu, const Post& consumer, int consumer_cpu);

}  // namespace slickq::peers
