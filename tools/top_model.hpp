// What `slickq top` shows and how it answers to keys, without a terminal: text in, lines out.
//
// Thread safety: none.
// Contract: render() gives exactly as many lines as the terminal has, none wider than it, whatever its size.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "live_table.hpp"
#include "sampler.hpp"
#include "text_width.hpp"

namespace slickq::cli {

/// A piece of a line in one look.
struct TopSpan {
  enum class Look : std::uint8_t { plain, bold, heading, notice, alarm } look = Look::plain;
  std::string text;
};
using TopLine = std::vector<TopSpan>;

struct TopKey {
  enum class Kind : std::uint8_t {
    text,  ///< one character, as typed
    enter,
    escape,
    backspace,
    left,
    right,
    up,
    down,
    page_up,
    page_down,
    home,
    end
  } kind = Kind::text;
  std::string text{};
};

struct TopOptions {
  std::string shm_dir;
  std::string sort = "rate";  ///< title of a column
  std::string filter{};
  std::chrono::nanoseconds interval = std::chrono::seconds(1);
  Charset charset = Charset::utf8;
};

class TopModel {
 public:
  /// Throws Error(invalid_argument): there is no such column.
  explicit TopModel(TopOptions options);

  /// A round of the sampler. While paused it only goes into the sparklines.
  void add_round(std::vector<QueueSample> samples);
  void press(const TopKey& key);
  std::vector<TopLine> render(std::size_t width, std::size_t height);

  bool has_quit() const noexcept { return quit_; }
  std::chrono::nanoseconds interval() const noexcept { return options_.interval; }

 private:
  struct Command {
    std::string_view keys;
    void (TopModel::*run)();
  };
  static const Command kCommands[];

  void quit() { quit_ = true; }
  void pause();
  void help() { help_ = true; }
  void filter() { editing_ = true; }
  void reverse() { descending_ = !descending_; }
  void sort_left() { sort_by((sort_ + live_columns().size() - 1) % live_columns().size()); }
  void sort_right() { sort_by((sort_ + 1) % live_columns().size()); }
  void slower() { change_interval(+1); }
  void faster() { change_interval(-1); }
  void line_up();
  void line_down() { ++first_row_; }
  void sort_by(std::size_t column);
  void change_interval(int step);
  void press_special(TopKey::Kind kind);
  void edit_filter(const TopKey& key);

  std::vector<const QueueSample*> rows() const;
  TopLine summary_line(std::size_t width, std::size_t shown) const;
  TopLine settings_line(std::size_t width) const;
  TopLine heading_line(const std::vector<PlacedColumn>& placed, std::size_t width) const;
  TopLine row_line(const std::vector<PlacedColumn>& placed, const QueueSample& sample) const;
  void add_rows(std::vector<TopLine>& lines, std::size_t width, std::size_t height);
  std::string trend_of(const std::string& name, std::size_t width) const;

  TopOptions options_;
  std::size_t sort_ = 0;
  bool descending_ = true;
  bool paused_ = false;
  bool help_ = false;
  bool editing_ = false;
  bool quit_ = false;
  std::size_t first_row_ = 0;
  std::size_t page_ = 1;  // rows of the last render()
  std::vector<QueueSample> samples_;
  std::vector<QueueSample> while_paused_;
  std::map<std::string, std::deque<double>> history_;
};

}  // namespace slickq::cli
