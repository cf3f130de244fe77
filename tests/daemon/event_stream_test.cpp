// Clients that follow the events: what they get, and that a slow one costs nothing but himself.
#include "event_stream.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <thread>
#include <vector>

#include "events.hpp"

using namespace slickqd;
using boost::asio::generic::stream_protocol;

namespace {

struct Client {
  explicit Client(boost::asio::io_context& io, StreamFormat format = StreamFormat::json_lines, bool chunked = true,
                  std::chrono::milliseconds patience = EventStream::kPatience) {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    fd = ends[0];
    stream = std::make_shared<EventStream>(stream_protocol::socket(io, stream_protocol(AF_UNIX, 0), ends[1]), format,
                                           chunked, patience);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { close(fd); }

  /// What is there; `ended`: and then the end.
  std::string received(bool* ended = nullptr) const {
    std::string text;
    char buffer[4096];
    ssize_t got = 0;
    while ((got = read(fd, buffer, sizeof buffer)) > 0) text.append(buffer, static_cast<std::size_t>(got));
    if (ended != nullptr) *ended = got == 0;
    return text;
  }

  int fd = -1;
  std::shared_ptr<EventStream> stream;
};

// Both sides go on until nothing moves any more: what the client got.
std::string exchanged(boost::asio::io_context& io, const Client& client) {
  std::string all;
  std::string text;
  do {
    io.poll();
    text = client.received();
    all += text;
  } while (!text.empty());
  return all;
}

// More than the kernel takes, less than is kept.
void fill(EventStreams& streams) {
  const std::string details(1000, 'x');
  for (int k = 0; k < 500; ++k) streams.tell({{"details", details}});
}

}  // namespace

TEST_CASE("a stream is its header, what is there already, and each event in a chunk") {
  boost::asio::io_context io{1};
  EventStreams streams;
  const Client lines(io);
  const Client browser(io, StreamFormat::server_sent, false);
  for (const Client* client : {&lines, &browser}) {
    streams.add(client->stream);
    client->stream->start("HEADER\r\n\r\n", client == &lines ? "old\n" : "");
  }
  streams.tell({{"event", "stall"}});
  io.poll();
  CHECK(lines.received() == "HEADER\r\n\r\n4\r\nold\n\r\n12\r\n{\"event\":\"stall\"}\n\r\n");
  CHECK(browser.received() == "HEADER\r\n\r\ndata: {\"event\":\"stall\"}\n\n");
  streams.tell({{"event", "loss"}});
  io.poll();
  CHECK(browser.received() == "data: {\"event\":\"loss\"}\n\n");
  streams.close();
  io.poll();
  bool ended = false;
  lines.received(&ended);
  CHECK(ended);
}

TEST_CASE("who does not read is dropped, what is kept for him is bounded, and others get everything") {
  boost::asio::io_context io{1};
  EventStreams streams;
  const Client slow(io);
  const Client quick(io);
  for (const Client* client : {&slow, &quick}) {
    streams.add(client->stream);
    client->stream->start("H", "");
  }
  const std::string details(1000, 'x');
  std::size_t got = quick.received().size();
  for (int k = 0; k < 2000; ++k) {
    streams.tell({{"details", details}});
    io.poll();
    got += quick.received().size();
  }
  CHECK_FALSE(slow.stream->is_open());
  CHECK(quick.stream->is_open());
  CHECK(got > 2000 * details.size());
  bool ended = false;
  CHECK(slow.received(&ended).size() < 1'000'000);
  CHECK(ended);
}

TEST_CASE("a burst of as many events as are remembered gets through whole, though the loop does not run meanwhile") {
  boost::asio::io_context io{1};
  EventStreams streams;
  const Client client(io, StreamFormat::json_lines, false);
  streams.add(client.stream);
  client.stream->start("", "");
  std::string told;
  for (std::size_t k = 0; k < EventLog::kCapacity; ++k) {
    const nlohmann::ordered_json event{{"event", "created"}, {"queue", std::string(500, 'q')}, {"number", k}};
    told += event.dump() + "\n";
    streams.tell(event);
  }
  const bool whole = exchanged(io, client) == told;  // half a megabyte: too much to print
  CHECK(whole);
  CHECK(client.stream->is_open());
  streams.close();
  io.poll();
}

TEST_CASE("who does not read is dropped in the midst of a burst, too") {
  boost::asio::io_context io{1};
  EventStreams streams;
  const Client client(io);
  streams.add(client.stream);
  client.stream->start("H", "");
  for (int k = 0; k < 4; ++k) fill(streams);
  CHECK_FALSE(client.stream->is_open());
}

TEST_CASE("who takes nothing for a time is dropped, however little waits for him") {
  boost::asio::io_context io{1};
  EventStreams streams;
  const Client client(io, StreamFormat::json_lines, true, std::chrono::milliseconds(20));
  streams.add(client.stream);
  client.stream->start("H", "");
  io.run_for(std::chrono::milliseconds(60));
  CHECK(client.stream->is_open());  // nothing waits
  fill(streams);
  CHECK(client.stream->is_open());
  io.run();  // for ever, if he is not
  CHECK_FALSE(client.stream->is_open());
}

TEST_CASE("who reads is kept, though the loop did not run for longer than that time") {
  boost::asio::io_context io{1};
  EventStreams streams;
  const Client client(io, StreamFormat::json_lines, true, std::chrono::milliseconds(1000));
  streams.add(client.stream);
  client.stream->start("H", "");
  fill(streams);
  const std::size_t first = client.received().size();
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  const std::size_t rest = exchanged(io, client).size();
  CHECK(client.stream->is_open());
  CHECK(first + rest > 500 * 1000);
  streams.close();
  io.poll();
}

TEST_CASE("a client that goes away, or says something, is forgotten; there are never more than so many") {
  boost::asio::io_context io{1};
  EventStreams streams;
  std::vector<std::unique_ptr<Client>> clients;
  while (clients.size() < EventStreams::kMost) {
    clients.push_back(std::make_unique<Client>(io));
    streams.add(clients.back()->stream);
    clients.back()->stream->start("H", "");
  }
  shutdown(clients[0]->fd, SHUT_WR);
  REQUIRE(write(clients[1]->fd, "?", 1) == 1);
  io.poll();
  for (const std::size_t gone : {0u, 1u}) CHECK_FALSE(clients[gone]->stream->is_open());
  // Into the two places that are free; the next one takes that of who has been there longest.
  for (int k = 0; k < 3; ++k) {
    CHECK(clients[2]->stream->is_open());
    clients.push_back(std::make_unique<Client>(io));
    streams.add(clients.back()->stream);
    clients.back()->stream->start("H", "");
  }
  CHECK_FALSE(clients[2]->stream->is_open());
  for (std::size_t k = 3; k < clients.size(); ++k) CHECK(clients[k]->stream->is_open());
  streams.close();
  io.poll();
}
