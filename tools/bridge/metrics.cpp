#include "metrics.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <vector>

#include "trouble.hpp"

namespace slickq::bridge {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

struct Row {
  const char* key;  // of the status file
  const char* name;
  const char* help;
  MetricType type;
};

constexpr std::array kRows{
    Row{"lag_elements", "slickq_bridge_lag_elements", "Elements in the source queue that the stream does not have yet.",
        MetricType::Gauge},
    Row{"lag_messages", "slickq_bridge_lag_messages",
        "Messages under way to the stream (out), or in the stream and not delivered (in).", MetricType::Gauge},
    Row{"items", "slickq_bridge_items_total", "Items brought over.", MetricType::Counter},
    Row{"bytes", "slickq_bridge_bytes_total", "Bytes of elements brought over.", MetricType::Counter},
    Row{"messages", "slickq_bridge_messages_total", "Messages brought over.", MetricType::Counter},
    Row{"acks", "slickq_bridge_acks_total", "Acknowledgements received (out) or sent (in).", MetricType::Counter},
    Row{"gaps", "slickq_bridge_gaps_total", "Places where elements are missing.", MetricType::Counter},
    Row{"lost", "slickq_bridge_lost_elements_total", "Elements that were overwritten or removed before they were sent.",
        MetricType::Counter},
    Row{"oversize", "slickq_bridge_oversize_items_total", "Items larger than a message may be.", MetricType::Counter},
    Row{"epochs", "slickq_bridge_epochs_total", "Times that another source queue, or a reset one, began.",
        MetricType::Counter},
    Row{"reconnects", "slickq_bridge_reconnects_total", "Sessions with the server, but for the first.",
        MetricType::Counter},
    Row{"repeated", "slickq_bridge_repeated_messages_total", "Messages that were delivered already, left out.",
        MetricType::Counter},
    Row{"doubtful", "slickq_bridge_doubtful_items_total", "Items of which nobody knows whether readers saw them.",
        MetricType::Counter}};

class Page {
 public:
  explicit Page(const nlohmann::ordered_json& told) : told_(told) {}

  void add(const char* name, const char* help, MetricType type, double value, const char* state = nullptr) {
    if (families_.empty() || families_.back().name != name) families_.push_back({name, help, type, {}});
    ClientMetric metric;
    metric.label = {{"direction", told_.value("direction", "")}, {"queue", told_.value("queue", "")}};
    if (state != nullptr) metric.label.push_back({"state", state});
    (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
    families_.back().metric.push_back(std::move(metric));
  }

  std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  const nlohmann::ordered_json& told_;
  std::vector<MetricFamily> families_;
};

}  // namespace

std::string metrics_text(const nlohmann::ordered_json& told) {
  Page page(told);
  for (const Row& row : kRows) page.add(row.name, row.help, row.type, told.value(row.key, 0.0));
  for (const std::string_view state : kStateNames) {
    page.add("slickq_bridge_state", "1 for the state that the bridge is in, 0 for the others.", MetricType::Gauge,
             told.value("state", "") == state ? 1 : 0, std::string(state).c_str());
  }
  return page.text();
}

}  // namespace slickq::bridge
