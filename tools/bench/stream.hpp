// The workers of paced, flood, rate and reference: producers that send, consumers that receive and check.
//
// Thread safety: each runs in a process of its own.
#pragma once

#include "post.hpp"

namespace slickq::bench {

// Throw CheckFailed, or Error when the queue cannot be opened.
void run_producer(const Post& post);
void run_consumer(const Post& post);

}  // namespace slickq::bench
