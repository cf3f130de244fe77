// A segment's bytes: recognised, inspected, scanned, verified, dumped; then opened as a program does, and read from by
// each kind of consumer, and written to.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "slickq/slickq.hpp"
#include "target.hpp"

namespace slickq::fuzz {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kItems = 1000;
constexpr milliseconds kNoPatience{0};

// One file in a directory of our own, written anew for each input.
class SegmentFile {
 public:
  SegmentFile() {
    require(mkdtemp(dir_.data()) != nullptr, "there is a directory for segments");
    path_ = std::string(dir_.data()) + "/q";
  }
  SegmentFile(const SegmentFile&) = delete;
  SegmentFile& operator=(const SegmentFile&) = delete;
  ~SegmentFile() {
    unlink(path_.c_str());
    rmdir(dir_.data());
  }
  void write(std::span<const std::byte> bytes) const {
    const int fd = open(path_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    require(fd >= 0 && ::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()),
            "there is room for a segment");
    close(fd);
  }
  std::string dir() const { return dir_.data(); }
  const std::string& path() const noexcept { return path_; }

 private:
  std::array<char, 32> dir_{"/dev/shm/slickq-fuzz-XXXXXX"};
  std::string path_;
};

void look(const View& view) {
  InspectOptions options;
  options.holders = false;  // whoever has it open is no matter of its bytes
  const Inspection facts = inspect(view, options);
  require(facts.geometry == view.geometry(), "inspect speaks of the geometry it was opened with");
  static_cast<void>(verify(view, 0));
  const Scan seen = scan(view);
  for (const Hole& hole : seen.holes) require(hole.index < hole.next, "a hole has elements");
  static_cast<void>(owners_of(view, seen.holes));
}

void dump(const View& view) {
  ViewReader reader(view, Start{Start::At::oldest, 0});
  std::vector<std::byte> element;
  std::uint64_t before = reader.cursor();
  for (std::uint64_t k = 0; k < kItems; ++k) {
    const PopResult got = reader.next(element);
    if (got.what != Pop::item && got.lost == 0 && got.skipped == 0) break;
    require(got.what == Pop::reset || reader.cursor() > before, "a reader never goes back but for a reset");
    before = reader.cursor();
  }
}

template <class Reader>
void read_from(Reader& reader, std::size_t bytes) {
  std::vector<std::byte> buffer(bytes);
  for (std::uint64_t k = 0; k < kItems; ++k) {
    if (reader.pop_into(buffer).what == Pop::empty) break;
  }
  std::array<BatchItem, 16> items;
  for (std::uint64_t k = 0; k < kItems; ++k) {
    std::span<BatchItem> taken;
    const PopResult got = reader.pop_batch(buffer, items, taken);
    for (const BatchItem& item : taken) require(item.bytes.size() <= buffer.size(), "an item fits its buffer");
    if (got.what != Pop::item) break;
  }
}

void read_in_place(Consumer& reader) {
  reader.seek(0);
  for (std::uint64_t k = 0; k < kItems; ++k) {
    std::span<const std::byte> bytes;
    const PopResult got = reader.peek(bytes);
    if (got.what != Pop::item) break;
    volatile std::byte seen{};
    if (!bytes.empty()) seen = bytes.back();
    static_cast<void>(seen);
    reader.commit(got);
  }
}

void attach(const std::string& dir, Access access) {
  Queue queue = Queue::open("q", dir, access, kNoPatience, kNoPatience);
  const std::size_t element = queue.geometry().element_size();
  const std::size_t room = std::min<std::size_t>(element * 16, 1 << 20);
  for (const Start start : {Start{Start::At::oldest, 0}, Start{Start::At::back, 5}, Start{Start::At::index, 1}}) {
    Consumer consumer(queue, start);
    read_from(consumer, room);
    read_in_place(consumer);
  }
  alignas(8) std::uint64_t position = 0;
  SharedConsumer shared(queue, AtomicCursor(&position));
  read_from(shared, room);
  if (access == Access::read_only) return;

  ProducerOptions options;
  options.obstruction_patience = kNoPatience;
  Producer producer(queue, options);
  const std::vector<std::byte> message(std::min<std::size_t>(element, 4096));
  for (int k = 0; k < 3; ++k) static_cast<void>(producer.push(message));
}

template <class Step>
void try_it(Step step) {
  try {
    step();
  } catch (const Error& error) {
    require(!error.cause().empty(), "an error says why");
  }
}

}  // namespace

void run(std::span<const std::byte> input) {
  static const SegmentFile file;
  file.write(input);
  try_it([&] {
    const View view = View::open_file(file.path());
    look(view);
    dump(view);
  });
  try_it([&] { attach(file.dir(), Access::read_only); });
  try_it([&] { attach(file.dir(), Access::read_write); });
}

}  // namespace slickq::fuzz
