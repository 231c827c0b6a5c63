#include "template/am_types.hpp"

#include <algorithm>

namespace tocsin::tmpl {

namespace {

using R = Result<Value>;

constexpr std::string_view kPairFields[] = {"Name", "Value"};
constexpr std::string_view kAlertFields[] = {"Status", "Labels",       "Annotations", "StartsAt",
                                             "EndsAt", "GeneratorURL", "Fingerprint"};
constexpr std::string_view kAlertJson[] = {"status", "labels",       "annotations", "startsAt",
                                           "endsAt", "generatorURL", "fingerprint"};
constexpr std::string_view kDataFields[] = {"Receiver",           "Status",      "Alerts",
                                            "NotificationReason", "GroupLabels", "CommonLabels",
                                            "CommonAnnotations",  "RouteLabels", "ExternalURL"};
constexpr std::string_view kDataJson[] = {
    "receiver",          "status",      "alerts",     "notification_reason", "groupLabels", "commonLabels",
    "commonAnnotations", "routeLabels", "externalURL"};

const Type* const kStringParam[] = {&kStringType};
const Type* const kStringListParam[] = {&kStringListType};

Value pair_value(const std::string& name, const Value& value) {
  return Value::object({Value(name), value}, kPairType);
}

/// alertname first, then sorted.
ListData sorted_pairs(const Value& kv) {
  const MapData& map = kv.as_map();
  ListData pairs;
  auto name = map.find(model::kAlertName);
  if (name != map.end()) pairs.push_back(pair_value(name->first, name->second));
  for (const auto& [key, value] : map) {
    if (key != model::kAlertName) pairs.push_back(pair_value(key, value));
  }
  return pairs;
}

Value column(const ListData& pairs, std::size_t field) {
  ListData out;
  for (const Value& pair : pairs) out.push_back(pair.as_fields()[field]);
  return Value::list(std::move(out), kStringsType);
}

std::string pairs_text_of(const ListData& pairs) {
  std::string out;
  for (const Value& pair : pairs) {
    if (!out.empty()) out += ", ";
    out += pair.as_fields()[0].as_string() + "=" + pair.as_fields()[1].as_string();
  }
  return out;
}

std::string kv_text(const Value& self) {
  return pairs_text_of(sorted_pairs(self));
}
std::string pairs_text(const Value& self) {
  return pairs_text_of(self.as_list());
}

R kv_sorted_pairs(const Value& self, Args) {
  return Value::list(sorted_pairs(self), kPairsType);
}
R kv_names(const Value& self, Args) {
  return column(sorted_pairs(self), 0);
}
R kv_values(const Value& self, Args) {
  return column(sorted_pairs(self), 1);
}
R kv_string(const Value& self, Args) {
  return Value(kv_text(self));
}
R kv_remove(const Value& self, Args args) {
  MapData rest = self.as_map();
  for (const Value& name : args[0].as_list()) rest.erase(name.as_string());
  return Value::map(std::move(rest), kKvType);
}
R pairs_names(const Value& self, Args) {
  return column(self.as_list(), 0);
}
R pairs_values(const Value& self, Args) {
  return column(self.as_list(), 1);
}
R pairs_string(const Value& self, Args) {
  return Value(pairs_text(self));
}

R strings_join(const Value& self, Args args) {
  std::string out;
  bool first = true;
  for (const Value& text : self.as_list()) {
    if (!std::exchange(first, false)) out += args[0].as_string();
    out += text.as_string();
  }
  return Value(std::move(out));
}

Value with_status(const Value& self, std::string_view status) {
  ListData out;
  std::ranges::copy_if(self.as_list(), std::back_inserter(out),
                       [&](const Value& alert) { return alert.as_fields()[0].as_string() == status; });
  return Value::list(std::move(out), kAmAlertListType);
}
R alerts_firing(const Value& self, Args) {
  return with_status(self, "firing");
}
R alerts_resolved(const Value& self, Args) {
  return with_status(self, "resolved");
}

const Method kKvMethods[] = {{"Names", {}, kv_names},
                             {"Remove", kStringListParam, kv_remove},
                             {"SortedPairs", {}, kv_sorted_pairs},
                             {"String", {}, kv_string},
                             {"Values", {}, kv_values}};
const Method kPairsMethods[] = {{"Names", {}, pairs_names}, {"String", {}, pairs_string}, {"Values", {}, pairs_values}};
const Method kStringsMethods[] = {{"Join", kStringParam, strings_join}};
const Method kAlertsMethods[] = {{"Firing", {}, alerts_firing}, {"Resolved", {}, alerts_resolved}};

constinit const Type kPairListType{.name = "[]template.Pair", .kind = Kind::kList, .elem = &kPairType};

}  // namespace

constinit const Type kKvType{.name = "template.KV",
                             .kind = Kind::kMap,
                             .elem = &kStringType,
                             .underlying = &kStringMapType,
                             .methods = kKvMethods,
                             .text = kv_text};
constinit const Type kPairType{.name = "template.Pair", .kind = Kind::kStruct, .fields = kPairFields};
constinit const Type kPairsType{.name = "template.Pairs",
                                .kind = Kind::kList,
                                .elem = &kPairType,
                                .underlying = &kPairListType,
                                .methods = kPairsMethods,
                                .text = pairs_text};
constinit const Type kStringsType{.name = "template.Strings",
                                  .kind = Kind::kList,
                                  .elem = &kStringType,
                                  .underlying = &kStringListType,
                                  .methods = kStringsMethods};
constinit const Type kAmAlertType{
    .name = "template.Alert", .kind = Kind::kStruct, .fields = kAlertFields, .json_fields = kAlertJson};
constinit const Type kAmAlertListType{.name = "[]template.Alert", .kind = Kind::kList, .elem = &kAmAlertType};
constinit const Type kAmAlertsType{.name = "template.Alerts",
                                   .kind = Kind::kList,
                                   .elem = &kAmAlertType,
                                   .underlying = &kAmAlertListType,
                                   .methods = kAlertsMethods};
constinit const Type kAmDataStruct{
    .name = "template.Data", .kind = Kind::kStruct, .fields = kDataFields, .json_fields = kDataJson};
constinit const Type kAmDataType{.name = "*template.Data", .kind = Kind::kStruct, .target = &kAmDataStruct};

Value kv_value(const model::Labels& labels) {
  MapData map;
  for (const auto& [name, value] : labels) map.emplace(std::string(name), Value(value));
  return Value::map(std::move(map), kKvType);
}

std::string quote_meta(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view(R"(\.+*?()|[]{}^$)").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

model::Labels common(const std::vector<AmAlert>& alerts, model::Labels model::Alert::* of) {
  if (alerts.empty()) return {};
  if (alerts.size() == 1) return *alerts[0].alert.*of;
  std::vector<model::LabelView> kept;
  for (const model::LabelView label : *alerts[0].alert.*of) {
    if (std::ranges::all_of(alerts, [&](const AmAlert& a) { return (*a.alert.*of).get(label.name) == label.value; })) {
      kept.push_back(label);
    }
  }
  return model::Labels::from(std::move(kept));
}

}  // namespace tocsin::tmpl
