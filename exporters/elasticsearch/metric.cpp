#include "exporters/elasticsearch/metric.hpp"

#include <vector>

#include "base/float_text.hpp"

namespace tocsin::exporters::elasticsearch {
namespace {

double number_of(const boost::json::value& value) {
  switch (value.kind()) {
    case boost::json::kind::int64:
      return static_cast<double>(value.get_int64());
    case boost::json::kind::uint64:
      return static_cast<double>(value.get_uint64());
    case boost::json::kind::double_:
      return value.get_double();
    case boost::json::kind::bool_:
      return value.get_bool() ? 1 : 0;
    case boost::json::kind::string: {
      double number = 0;
      return parse_float(std::string_view(value.get_string()), number) ? number : 0;
    }
    default:
      return 0;
  }
}

}  // namespace

const boost::json::value* find(const boost::json::value& root, std::string_view path) {
  const boost::json::value* at = &root;
  while (!path.empty()) {
    const std::size_t end = path.find('.');
    const boost::json::object* object = at->if_object();
    if (object == nullptr) return nullptr;
    at = object->if_contains(path.substr(0, end));
    if (at == nullptr) return nullptr;
    path = end == std::string_view::npos ? std::string_view() : path.substr(end + 1);
  }
  return at;
}

double number_at(const boost::json::value& root, std::string_view path) {
  const boost::json::value* value = find(root, path);
  return value == nullptr ? 0 : number_of(*value);
}

std::string_view text_at(const boost::json::value& root, std::string_view path) {
  const boost::json::value* value = find(root, path);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

const boost::json::object& object_at(const boost::json::value& root, std::string_view path) {
  static const boost::json::object kEmpty;
  const boost::json::value* value = find(root, path);
  return value != nullptr && value->is_object() ? value->get_object() : kEmpty;
}

const boost::json::array& array_at(const boost::json::value& root, std::string_view path) {
  static const boost::json::array kEmpty;
  const boost::json::value* value = find(root, path);
  return value != nullptr && value->is_array() ? value->get_array() : kEmpty;
}

void put(expo::Page& page, std::span<const Metric> metrics, const boost::json::value& root, Labels labels) {
  std::vector<model::LabelView> all(labels.begin(), labels.end());
  for (const Metric& metric : metrics) {
    const boost::json::value* value = find(root, metric.path);
    if (value == nullptr && metric.optional) continue;
    double number = value == nullptr ? 0 : number_of(*value);
    if (metric.scale == Scale::kMilliseconds) number /= 1000;
    all.resize(labels.size());
    if (!metric.label.name.empty()) all.push_back(metric.label);
    page.family(metric.name, metric.help, metric.type).put(all, number);
  }
}

}  // namespace tocsin::exporters::elasticsearch
