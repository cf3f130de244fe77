// Segments broken on purpose, by rule and not by chance, through everything the fuzz target `segment` does with one:
// recognise, inspect, scan, verify, dump, attach, read by each kind of consumer, push.
// usage: hostile_segments GOLDEN_DIR...      prints how many of each kind were tried
//
// A promise that breaks ends the program as a crash does; so does one segment that takes longer than its patience.
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "slickq/layout.hpp"
#include "slickq/recognise.hpp"
#include "target.hpp"

namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<std::byte>;

constexpr unsigned kPatienceSeconds = 20;

struct Sample {
  std::string name;
  Bytes bytes;
  slickq::Geometry geometry;
};

// Called once for each broken segment.
class Trial {
 public:
  void operator()(const Bytes& bytes) {
    alarm(kPatienceSeconds);  // a marker circle that somebody follows for ever ends here
    slickq::fuzz::run(bytes);
    alarm(0);
    ++count_;
  }
  std::uint64_t count() const { return count_; }

 private:
  std::uint64_t count_ = 0;
};

template <class T>
Bytes with(Bytes bytes, std::size_t offset, T value) {
  if (offset + sizeof value <= bytes.size()) std::memcpy(bytes.data() + offset, &value, sizeof value);
  return bytes;
}

void flip_header(const Sample& sample, Trial& attempt) {
  for (std::size_t k = 0; k < slickq::kHeaderBytes; ++k) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      Bytes bytes = sample.bytes;
      bytes[k] ^= std::byte{1} << static_cast<int>(bit);
      attempt(bytes);
    }
    Bytes bytes = sample.bytes;
    bytes[k] = ~bytes[k];
    attempt(bytes);
  }
}

void truncate(const Sample& sample, Trial& attempt) {
  for (std::size_t size = 0; size < sample.bytes.size(); ++size) {
    attempt(Bytes(sample.bytes.begin(), sample.bytes.begin() + static_cast<std::ptrdiff_t>(size)));
  }
}

void grow(const Sample& sample, Trial& attempt) {
  for (const std::size_t more : {1u, 15u, 16u, 64u, 4095u, 4096u, 8192u, 65536u}) {
    for (const std::byte fill : {std::byte{0}, std::byte{0xFF}, std::byte{0x51}}) {
      Bytes bytes = sample.bytes;
      bytes.resize(bytes.size() + more, fill);
      attempt(bytes);
    }
  }
}

// What a number can be that is multiplied, added to, masked by, or counted up to.
const std::vector<std::uint64_t>& numbers() {
  static const std::vector<std::uint64_t> all = [] {
    std::vector<std::uint64_t> values{0, 1, 2, 3, 5, 7, 1000};
    for (unsigned bits = 3; bits < 64; ++bits) {
      const std::uint64_t power = std::uint64_t{1} << bits;
      for (const std::uint64_t value : {power - 1, power, power + 1}) values.push_back(value);
    }
    values.push_back(~std::uint64_t{0});
    values.push_back(~std::uint64_t{0} - 1);
    return values;
  }();
  return all;
}

void absurd_header(const Sample& sample, Trial& attempt) {
  for (const std::size_t offset : {0u, 8u, 16u, 24u, 32u, 40u, 48u, 56u}) {
    for (const std::uint64_t value : numbers()) attempt(with(sample.bytes, offset, value));
  }
  for (const std::size_t offset : {8u, 12u, 16u, 24u, 28u, 48u, 52u}) {
    for (const std::uint64_t value : numbers()) {
      if (value <= 0xFFFFFFFF) attempt(with(sample.bytes, offset, static_cast<std::uint32_t>(value)));
    }
  }
}

// Each set of feature bits with each number of items per slot, the right one, larger than the capacity, and none.
void features(const Sample& sample, Trial& attempt) {
  for (std::uint32_t bits = 0; bits < 16; ++bits) {
    const Bytes bytes = with(sample.bytes, offsetof(slickq::Header, magic), slickq::kMagic | bits);
    for (std::uint32_t items = 1; items != 0; items <<= 1) {
      attempt(with(bytes, offsetof(slickq::Header, items_per_slot), items));
    }
    attempt(with(bytes, offsetof(slickq::Header, items_per_slot), 3u));
    attempt(with(bytes, offsetof(slickq::Header, items_per_slot), 0u));
  }
}

Bytes with_slot(Bytes bytes, std::uint32_t k, std::uint64_t index, std::uint32_t size) {
  return with(std::move(bytes), slickq::kHeaderBytes + sizeof(slickq::Slot) * k, slickq::Slot{index, size, 0});
}

Bytes with_reserved(const Sample& sample, Bytes bytes, std::uint64_t index) {
  const bool wide = sample.geometry.layout() == slickq::Layout::wide;
  return with(std::move(bytes), 0, wide ? index : slickq::pack_reserved(index, 1));
}

void absurd_slots(const Sample& sample, Trial& attempt) {
  for (std::uint32_t k = 0; k < std::min(sample.geometry.slot_count(), 4u); ++k) {
    for (const std::uint64_t value : numbers()) {
      attempt(with_slot(sample.bytes, k, value, 1));
      attempt(with_slot(sample.bytes, k, k, static_cast<std::uint32_t>(value)));
    }
  }
}

// Each slot a jump to the next one, of this lap or one far ahead; all to one; each back to where it came from.
void marker_circles(const Sample& sample, Trial& attempt) {
  const std::uint32_t slots = sample.geometry.slot_count();
  const std::uint64_t ring = sample.geometry.capacity();
  const std::uint64_t step = sample.geometry.items_per_slot();
  for (const std::uint64_t ahead :
       {std::uint64_t{0}, ring, ring * 1000, std::uint64_t{1} << 46, std::uint64_t{1} << 62}) {
    for (std::uint32_t stride = 1; stride <= std::min(slots, 8u); ++stride) {
      Bytes bytes = with_reserved(sample, sample.bytes, ahead + ring);
      for (std::uint32_t k = 0; k < slots; ++k) {
        bytes = with_slot(std::move(bytes), k, ahead + (k + stride) % slots * step, 1);
      }
      attempt(bytes);
    }
    Bytes bytes = sample.bytes;
    for (std::uint32_t k = 0; k < slots; ++k) bytes = with_slot(std::move(bytes), k, ahead + step, 1);
    attempt(bytes);
  }
}

void random_slots(const Sample& sample, Trial& attempt) {
  std::mt19937_64 random(std::hash<std::string>{}(sample.name));
  const auto pick = [&] { return numbers()[random() % numbers().size()]; };
  for (int k = 0; k < 300; ++k) {
    Bytes bytes = with_reserved(sample, sample.bytes, random() % 2 == 0 ? random() % 100 : pick());
    for (std::uint32_t slot = 0; slot < sample.geometry.slot_count(); ++slot) {
      const std::uint64_t near = slot * sample.geometry.items_per_slot() + sample.geometry.capacity() * (random() % 3);
      bytes = with_slot(std::move(bytes), slot, random() % 3 == 0 ? pick() : near, static_cast<std::uint32_t>(pick()));
    }
    attempt(bytes);
  }
}

struct Rule {
  const char* what;
  void (*apply)(const Sample& sample, Trial& attempt);
};

constexpr Rule kRules[] = {{"each bit and byte of the header flipped", flip_header},
                           {"each shorter length", truncate},
                           {"longer than it should be", grow},
                           {"numbers in the header that overflow, or fit nothing", absurd_header},
                           {"feature bits and items per slot that contradict each other", features},
                           {"indexes and sizes in slots that cannot be", absurd_slots},
                           {"markers in circles", marker_circles},
                           {"slots at random", random_slots}};

Bytes read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const auto view = std::as_bytes(std::span(bytes));
  return {view.begin(), view.end()};
}

// Some of some hundred bytes, of each generation and layout: what is larger is only more of the same.
std::vector<Sample> samples(const fs::path& golden) {
  std::vector<Sample> all;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(golden)) {
    if (entry.path().extension() != ".bin" || entry.file_size() > 1024) continue;
    Bytes bytes = read_file(entry.path());
    slickq::HeaderBytes header{};
    std::memcpy(header.data(), bytes.data(), std::min(bytes.size(), header.size()));
    const slickq::Recognition seen = slickq::recognise(header, bytes.size());
    if (seen.verdict != slickq::Verdict::queue || entry.path().stem() == "empty") continue;
    all.push_back({entry.path().string(), std::move(bytes), *seen.geometry});
  }
  std::ranges::sort(all, {}, &Sample::name);
  constexpr int kOfAKind = 3;
  std::map<std::pair<fs::path, slickq::Layout>, int> taken;
  std::erase_if(all, [&](const Sample& sample) {
    return ++taken[{fs::path(sample.name).parent_path(), sample.geometry.layout()}] > kOfAKind;
  });
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t all = 0;
  for (int k = 1; k < argc; ++k) {
    const std::vector<Sample> tried = samples(argv[k]);
    for (const Rule& rule : kRules) {
      Trial attempt;
      for (const Sample& sample : tried) {
        std::fprintf(stderr, "%s: %s\n", sample.name.c_str(), rule.what);  // the last one is the one that broke it
        rule.apply(sample, attempt);
      }
      std::printf("%7lu %s\n", attempt.count(), rule.what);
      all += attempt.count();
    }
  }
  std::printf("%7lu in all\n", all);
  return all < 10000 ? 1 : 0;  // fewer: the samples were not found
}
