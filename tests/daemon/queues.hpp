// Queues as tests make them, and other processes that hold them.
#pragma once

#include <string>

#include "core/child_process.hpp"
#include "slickq/cursor.hpp"
#include "slickq/names.hpp"
#include "slickq/producer.hpp"
#include "slickq/queue.hpp"

namespace daemon_test {

inline slickq::CreateOptions in(const std::string& shm_dir) {
  slickq::CreateOptions options;
  options.shm_dir = shm_dir;
  options.mode = 0660;
  return options;
}

inline void make_queue(const std::string& shm_dir, const std::string& name, unsigned size, unsigned elem = 8,
                       slickq::Layout layout = slickq::Layout::slq1) {
  slickq::Queue::create(name, slickq::Geometry::make(layout, size, elem), in(shm_dir));
}

/// Another process that holds the queue until it is destroyed.
inline test_support::Child holder(const std::string& shm_dir, const std::string& name) {
  test_support::Child child([=](test_support::ChildSide& side) {
    const auto queue = slickq::Queue::open(name, shm_dir);
    side.report_and_wait();
    return 0;
  });
  if (!child.reported()) throw std::runtime_error("the holder did not start");
  return child;
}

inline std::uint64_t inode_of(const std::string& shm_dir, const std::string& name) {
  return slickq::Queue::open(name, shm_dir).segment().inode();
}

}  // namespace daemon_test
