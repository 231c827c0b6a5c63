#include "discovery/target_groups.hpp"

#include <boost/json.hpp>

#include "base/strings.hpp"
#include "yaml/node.hpp"

namespace tocsin::discovery {
namespace {

namespace json = boost::json;

std::string_view view(const json::string& text) {
  return {text.data(), text.size()};
}

/// What Go calls the type of a value.
std::string_view type_of(const json::value& value) {
  if (value.is_object()) return "object";
  if (value.is_array()) return "array";
  if (value.is_string()) return "string";
  return value.is_bool() ? "bool" : "number";
}

std::unexpected<Error> wrong_type(const json::value& value, std::string_view where, std::string_view wanted) {
  return fail(Errc::kInvalid, "json: cannot unmarshal {} into {} of type {}", type_of(value), where, wanted);
}

Result<void> read_targets(const json::value& value, std::vector<model::Labels>& out) {
  if (value.is_null()) return {};
  if (!value.is_array()) return wrong_type(value, "field targets", "[]string");
  out.reserve(value.get_array().size());
  for (const json::value& target : value.get_array()) {
    if (!target.is_string() && !target.is_null()) return wrong_type(target, "field targets", "string");
    model::LabelsBuilder labels;
    if (target.is_string()) labels.set("__address__", view(target.get_string()));
    out.push_back(labels.build());
  }
  return {};
}

Result<void> read_labels(const json::value& value, model::Labels& out) {
  if (value.is_null()) return {};
  if (!value.is_object()) return wrong_type(value, "field labels", "model.LabelSet");
  model::LabelsBuilder labels;
  for (const auto& [key, text] : value.get_object()) {
    const std::string_view name(key.data(), key.size());
    if (!model::is_valid_name(name)) return fail(Errc::kInvalid, "{} is not a valid label name", go_quote(name));
    if (text.is_null()) continue;
    if (!text.is_string()) return wrong_type(text, fmt::format("label {}", go_quote(name)), "model.LabelValue");
    labels.set(name, view(text.get_string()));
  }
  out = labels.build();
  return {};
}

Result<TargetGroup> read_group(const json::value& value) {
  if (value.is_null()) return fail(Errc::kInvalid, "nil target group item found");
  if (!value.is_object()) return wrong_type(value, "the list", "targetgroup.Group");
  TargetGroup group;
  for (const auto& [key, member] : value.get_object()) {
    const std::string_view name(key.data(), key.size());
    if (equal_ignoring_case(name, "targets")) {
      TOCSIN_OK(read_targets(member, group.targets));
    } else if (equal_ignoring_case(name, "labels")) {
      TOCSIN_OK(read_labels(member, group.labels));
    } else {
      return fail(Errc::kInvalid, "json: unknown field {}", go_quote(name));
    }
  }
  return group;
}

}  // namespace

Result<std::vector<TargetGroup>> parse_groups_json(std::string_view text) {
  if (trim(text).empty()) return fail(Errc::kInvalid, "unexpected end of JSON input");
  json::stream_parser parser;
  boost::system::error_code error;
  const std::size_t read = parser.write_some(text.data(), text.size(), error);
  if (!error && read < text.size()) {
    return fail(Errc::kInvalid, "invalid character {} after top-level value", go_quote(text.substr(read, 1)));
  }
  if (!error) parser.finish(error);
  if (error == json::error::incomplete) return fail(Errc::kInvalid, "unexpected end of JSON input");
  if (error) return fail(Errc::kInvalid, "invalid JSON at byte {}: {}", read, error.message());
  const json::value list = parser.release();
  std::vector<TargetGroup> out;
  if (list.is_null()) return out;
  if (!list.is_array()) return wrong_type(list, "Go value", "[]*targetgroup.Group");
  out.reserve(list.get_array().size());
  for (const json::value& value : list.get_array()) {
    TOCSIN_TRY(TargetGroup group, read_group(value));
    out.push_back(std::move(group));
  }
  return out;
}

Result<std::vector<TargetGroup>> parse_groups_yaml(std::string text, const std::string& file) {
  TOCSIN_TRY(const yaml::Node list, yaml::parse(std::move(text), file));
  std::vector<TargetGroup> out;
  if (list.is_null()) return out;
  if (!list.is_sequence()) return list.wrong_type("[]*targetgroup.Group");
  out.reserve(list.size());
  for (const yaml::Node& element : list.elements()) {
    if (element.is_null()) return element.error("nil target group item found");
    TOCSIN_TRY(config::StaticConfig config, config::read_static_config(element));
    TargetGroup group{"", {}, std::move(config.labels)};
    group.targets.reserve(config.targets.size());
    for (const std::string& address : config.targets) {
      group.targets.push_back(model::LabelsBuilder().set("__address__", address).build());
    }
    out.push_back(std::move(group));
  }
  return out;
}

std::string group_source(const std::string& origin, std::size_t index) {
  return fmt::format("{}:{}", origin, index);
}

void name_groups(std::vector<TargetGroup>& groups, std::string_view name, const std::string& origin) {
  for (std::size_t i = 0; i < groups.size(); ++i) {
    groups[i].source = group_source(origin, i);
    groups[i].labels = model::LabelsBuilder(groups[i].labels).set(name, origin).build();
  }
}

}  // namespace tocsin::discovery
