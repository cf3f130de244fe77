#include "support/golden.hpp"

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace test_support {
namespace {

slickq::Layout layout_of_golden(const std::string& generation, const std::string& scenario) {
  using slickq::Layout;
  static const std::map<std::string, Layout> of_generation{{"cpp-1.1.2", Layout::wide},
                                                           {"cpp-1.2.3", Layout::packed},
                                                           {"cpp-1.3.0", Layout::packed},
                                                           {"python-1.0.1", Layout::packed},
                                                           {"cpp-1.4.0", Layout::slq1}};
  const auto at = of_generation.find(generation);
  return at != of_generation.end() ? at->second : slickq::parse_layout(scenario.substr(0, 4)).value();
}

Golden load_golden(const std::filesystem::path& bin) {
  auto description = bin;
  std::ifstream file(description.replace_extension(".json"));
  const auto json = nlohmann::json::parse(file);
  Golden golden;
  golden.generation = bin.parent_path().filename();
  golden.scenario = bin.stem();
  golden.bin = bin;
  golden.layout = layout_of_golden(golden.generation, golden.scenario);
  golden.capacity = json.at("capacity");
  golden.element_size = json.at("element_size");
  golden.items_per_slot = json.value("items_per_slot", 1u);
  golden.segment_bytes = json.at("segment_bytes");
  golden.reserved_index = json.at("reserved_index");
  for (const auto& read : json.at("reads")) {
    GoldenRead& to = golden.reads.emplace_back(GoldenRead{read.at("start"), {}, read.at("cursor_end")});
    for (const auto& item : read.at("items")) {
      to.items.push_back({item.at("cursor_after"), item.at("count"), item.at("first_u64")});
    }
  }
  return golden;
}

}  // namespace

std::vector<Golden> all_golden() {
  std::vector<Golden> all;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(SLICKQ_GOLDEN_DIR)) {
    if (entry.path().extension() == ".bin") all.push_back(load_golden(entry.path()));
  }
  if (all.empty()) throw std::runtime_error("no golden segments in " SLICKQ_GOLDEN_DIR);
  std::sort(all.begin(), all.end(), [](const Golden& a, const Golden& b) { return a.name() < b.name(); });
  return all;
}

}  // namespace test_support
