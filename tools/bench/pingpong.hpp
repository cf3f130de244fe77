// The workers of pingpong: one message in flight between two processes, over two queues, or over two bare cache lines
// as the measure of what the machine can do.
//
// Thread safety: each runs in a process of its own.
#pragma once

#include "post.hpp"

namespace slickq::bench {

// `ping` serves and takes the time, `pong` answers. Throw CheckFailed, or Error when a queue cannot be opened.
void run_ping(const Post& post);
void run_pong(const Post& post);
void run_bare_ping(const Post& post);
void run_bare_pong(const Post& post);

}  // namespace slickq::bench
