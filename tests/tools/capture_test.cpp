// The bytes of a capture: what the writer writes the reader reads, cut off anywhere, damaged anywhere, from either kind
// of machine.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "capture/reader.hpp"
#include "capture/writer.hpp"
#include "slickq/error.hpp"
#include "support/shm_dir.hpp"

using namespace slickq;
using namespace slickq::cli;

namespace {

struct CaptureFile {
  test_support::ShmDir dir;
  std::string path = dir.path() + "/capture";

  std::string bytes() const {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void write(std::string_view bytes) const {
    std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
};

std::vector<std::byte> payload_of(std::size_t bytes, unsigned first) {
  std::vector<std::byte> payload(bytes);
  for (std::size_t k = 0; k < bytes; ++k) payload[k] = static_cast<std::byte>(first + k);
  return payload;
}

constexpr std::uint64_t kBegin = 1'700'000'000'123'456'789;

// Two queues, packets of every padding, loss before one of them and at the end of the other.
void write_sample(const std::string& path) {
  pcapng::Writer writer(path, false);
  writer.add_interface({"ticks", "slq1, 1024 elements of 4 bytes", "slickq layout=slq1 capacity=1024 element_size=4"});
  writer.add_interface({"trades", "", ""});
  for (std::uint32_t k = 0; k < 8; ++k) {
    writer.add_packet(k % 2, pcapng::Stamp(kBegin + k), 100 + k, payload_of(k, k), k == 5 ? 12 : 0,
                      k == 5 ? "12 elements lost" : "");
  }
  writer.add_statistics(0, {pcapng::Stamp(kBegin), pcapng::Stamp(kBegin + 9), 4, 0, "all of it"});
  writer.add_statistics(1, {pcapng::Stamp(kBegin), pcapng::Stamp(kBegin + 9), 4, 17, ""});
  writer.flush();
}

// Reads to the end, and checks each packet against the sample.
std::uint32_t count_packets(pcapng::Reader& reader) {
  pcapng::Packet packet;
  std::uint32_t k = 0;
  for (; reader.next(packet); ++k) {
    CHECK(packet.interface == k % 2);
    CHECK(packet.when.count() == static_cast<std::int64_t>(kBegin + k));
    CHECK(packet.id == 100 + k);
    CHECK(packet.dropped == (k == 5 ? 12u : 0u));
    CHECK(packet.payload == payload_of(k, k));
  }
  return k;
}

std::uint32_t word_at(const std::string& bytes, std::size_t at) {
  std::uint32_t word;
  std::memcpy(&word, bytes.data() + at, sizeof(word));
  return word;
}

// Where each block ends, from its lengths alone.
std::vector<std::size_t> block_ends(const std::string& bytes) {
  std::vector<std::size_t> ends;
  for (std::size_t at = 0; at < bytes.size(); ends.push_back(at)) at += word_at(bytes, at + 4);
  return ends;
}

// The sample as a machine of the other byte order would have written it: every number of every block turned round.
std::string turned_round(std::string bytes) {
  const auto turn = [&](std::size_t at, std::size_t count) {
    std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                 bytes.begin() + static_cast<std::ptrdiff_t>(at + count));
  };
  const auto turn_options = [&](std::size_t at, std::size_t end) {
    while (at + 4 <= end) {
      std::uint16_t code;
      std::uint16_t length;
      std::memcpy(&code, &bytes[at], 2);
      std::memcpy(&length, &bytes[at + 2], 2);
      turn(at, 2);
      turn(at + 2, 2);
      if (length == 8) turn(at + 4, 8);
      at += 4 + ((length + 3u) & ~3u);
    }
  };
  for (std::size_t begin = 0; begin < bytes.size();) {
    const std::uint32_t type = word_at(bytes, begin);
    const std::uint32_t length = word_at(bytes, begin + 4);
    const std::size_t body = begin + 8;
    const std::size_t end = begin + length - 4;
    if (type == pcapng::kPacket) {
      const std::uint32_t captured = word_at(bytes, body + 12);
      for (std::size_t k = 0; k < 5; ++k) turn(body + 4 * k, 4);
      turn_options(body + 20 + ((captured + 3) & ~3u), end);
    } else if (type == pcapng::kInterface) {
      turn(body, 2);
      turn(body + 4, 4);
      turn_options(body + 8, end);
    } else if (type == pcapng::kInterfaceStatistics) {
      for (std::size_t k = 0; k < 3; ++k) turn(body + 4 * k, 4);
      turn_options(body + 12, end);
    } else {
      turn(body, 4);
      turn(body + 4, 2);
      turn(body + 6, 2);
      turn(body + 8, 8);
      turn_options(body + 16, end);
    }
    turn(begin, 4);
    turn(begin + 4, 4);
    turn(end, 4);
    begin += length;
  }
  return bytes;
}

// Reads whatever it is; the answer does not count, only that there is one.
std::uint64_t read_anything(const std::string& path) {
  std::uint64_t packets = 0;
  try {
    pcapng::Reader reader(path);
    for (pcapng::Packet packet; reader.next(packet);) ++packets;
  } catch (const Error& error) {
    CHECK(error.code() == Errc::corrupt);
  }
  return packets;
}

}  // namespace

TEST_SUITE_BEGIN("capture");

TEST_CASE("what was written is read again") {
  const CaptureFile file;
  write_sample(file.path);
  pcapng::Reader reader(file.path);
  for (int pass = 0; pass < 2; ++pass) {
    CHECK(count_packets(reader) == 8);
    CHECK(!reader.is_cut_off());
    REQUIRE(reader.interfaces().size() == 2);
    CHECK(reader.interfaces()[0].name == "ticks");
    CHECK(reader.interfaces()[0].description == "slq1, 1024 elements of 4 bytes");
    CHECK(reader.interfaces()[0].word("layout") == "slq1");
    CHECK(reader.interfaces()[0].number("element_size") == 4u);
    CHECK(!reader.interfaces()[0].number("layout"));
    CHECK(!reader.interfaces()[1].number("element_size"));
    CHECK(reader.dropped_by_statistics(0) == 0);
    CHECK(reader.dropped_by_statistics(1) == 17);
    reader.rewind();
  }
}

TEST_CASE("a file of a machine of the other byte order says the same") {
  const CaptureFile file;
  write_sample(file.path);
  file.write(turned_round(file.bytes()));
  pcapng::Reader reader(file.path);
  CHECK(count_packets(reader) == 8);
  CHECK(reader.interfaces()[0].name == "ticks");
  CHECK(reader.dropped_by_statistics(1) == 17);
}

TEST_CASE("cut off anywhere, every whole packet before the cut is read, and the cut is told") {
  const CaptureFile file;
  write_sample(file.path);
  const std::string whole = file.bytes();
  const std::vector<std::size_t> ends = block_ends(whole);
  REQUIRE(ends.size() == 1 + 2 + 8 + 2);
  for (std::size_t cut = 12; cut <= whole.size(); ++cut) {
    CAPTURE(cut);
    file.write(whole.substr(0, cut));
    pcapng::Reader reader(file.path);
    const auto blocks = static_cast<std::size_t>(std::ranges::upper_bound(ends, cut) - ends.begin());
    CHECK(count_packets(reader) == std::clamp<std::size_t>(blocks, 3, 11) - 3);
    CHECK(reader.is_cut_off() == !std::ranges::binary_search(ends, cut));
  }
}

TEST_CASE("any bytes give an answer") {
  const CaptureFile file;
  write_sample(file.path);
  const std::string whole = file.bytes();
  std::uint64_t packets = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const char value : {'\0', '\x01', '\x7f', '\xff'}) {
      std::string damaged = whole;
      damaged[at] = value;
      file.write(damaged);
      packets += read_anything(file.path);
    }
  }
  CHECK(packets > whole.size());  // most damage leaves something to read
  std::mt19937 random(20261128);
  for (int round = 0; round < 2000; ++round) {
    std::string damaged = whole;
    for (int k = 0; k < 4; ++k) damaged[random() % damaged.size()] = static_cast<char>(random());
    file.write(damaged);
    read_anything(file.path);
  }
}

TEST_CASE("what is no capture is refused, and what it is instead is said") {
  const CaptureFile file;
  const auto cause = [&](std::string_view bytes) {
    file.write(bytes);
    try {
      pcapng::Reader reader(file.path);
    } catch (const Error& error) {
      CHECK(error.code() == Errc::corrupt);
      CHECK(error.remedy() == "convert captures of other kinds: editcap -F pcapng OLD NEW");
      return error.cause();
    }
    return std::string("accepted");
  };
  CHECK(cause("") == "is no pcapng file: it is shorter than the head of one");
  CHECK(cause("something else entirely") == "is no pcapng file");
  const std::string classic("\xd4\xc3\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00", 12);
  CHECK(cause(classic) == "is a libpcap file of the old kind, not pcapng");
}

TEST_CASE("packets of old kinds, and such that were cut short, are counted") {
  const CaptureFile file;
  write_sample(file.path);
  std::string bytes = file.bytes();
  const std::vector<std::size_t> ends = block_ends(bytes);
  bytes[ends[3]] = pcapng::kSimplePacket;       // the second packet
  bytes[ends[4]] = pcapng::kObsoletePacket;     // the third
  bytes[ends[5] + 24] = static_cast<char>(99);  // the fourth was 99 bytes long
  file.write(bytes);
  pcapng::Reader reader(file.path);
  std::uint64_t packets = 0;
  for (pcapng::Packet packet; reader.next(packet);) ++packets;
  CHECK(packets == 6);
  CHECK(reader.passed_over() == 2);
  CHECK(reader.shortened() == 1);
}

TEST_CASE("a length that somebody made up costs no memory") {
  const CaptureFile file;
  write_sample(file.path);
  std::string bytes = file.bytes();
  const std::size_t at = block_ends(bytes)[2];
  const std::uint32_t huge = 0xFFFFFFFC;
  std::memcpy(&bytes[at + 4], &huge, sizeof(huge));
  file.write(bytes);
  pcapng::Reader reader(file.path);
  pcapng::Packet packet;
  CHECK_THROWS_WITH_AS(reader.next(packet), doctest::Contains("a block of 4294967292 bytes is more than is read"),
                       Error);
}

TEST_CASE("times of other resolutions, and an offset, become nanoseconds") {
  // The same moment, 1500 s and 250 ms, in what the resolution byte says.
  struct Row {
    std::uint8_t resolution;
    std::uint64_t units;
  };
  for (const Row row : {Row{6, 1'500'250'000}, Row{9, 1'500'250'000'000}, Row{3, 1'500'250}, Row{0x82, 6001}}) {
    CAPTURE(static_cast<int>(row.resolution));
    const CaptureFile file;
    {
      pcapng::Writer writer(file.path, false);
      writer.add_interface({"q", "", ""});
      writer.add_packet(0, pcapng::Stamp(row.units), 0, {}, 0, "");
      writer.flush();
    }
    std::string bytes = file.bytes();
    const std::string nine("\x09\x00\x01\x00\x09", 5);
    const std::size_t at = bytes.find(nine);
    REQUIRE(at != std::string::npos);
    bytes[at + 4] = static_cast<char>(row.resolution);
    file.write(bytes);
    pcapng::Reader reader(file.path);
    pcapng::Packet packet;
    REQUIRE(reader.next(packet));
    CHECK(packet.when == std::chrono::milliseconds(1'500'250));
  }
}

TEST_CASE("a file that is there is not overwritten unless it is wanted") {
  const CaptureFile file;
  write_sample(file.path);
  const std::string before = file.bytes();
  CHECK_THROWS_AS(pcapng::Writer(file.path, false), Error);
  CHECK(file.bytes() == before);
  { pcapng::Writer writer(file.path, true); }
  CHECK(file.bytes().empty());
}

TEST_SUITE_END();
