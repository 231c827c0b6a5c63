#include "remote/alert_json.hpp"

#include <string_view>

#include <boost/json.hpp>

#include "base/strings.hpp"
#include "base/utf8.hpp"

namespace tocsin::remote {
namespace {

void append_text(std::string& out, std::string_view text) {
  if (is_valid_utf8(text)) {
    out += boost::json::serialize(boost::json::string_view(text.data(), text.size()));
    return;
  }
  std::string repaired;
  while (!text.empty()) {
    const Rune rune = decode_utf8(text);
    append_utf8(repaired, rune.code);
    text.remove_prefix(rune.size);
  }
  out += boost::json::serialize(boost::json::string_view(repaired.data(), repaired.size()));
}

void append_labels(std::string& out, std::string_view key, const model::Labels& labels) {
  append_text(out, key);
  out += ":{";
  bool first = true;
  for (const model::LabelView label : labels) {
    if (!first) out += ',';
    first = false;
    append_text(out, label.name);
    out += ':';
    append_text(out, label.value);
  }
  out += '}';
}

void append_member(std::string& out, std::string_view key, std::string_view value) {
  out += ',';
  append_text(out, key);
  out += ':';
  append_text(out, value);
}

void append_alert(std::string& out, const model::Alert& alert) {
  out += '{';
  append_labels(out, "labels", alert.labels);
  out += ',';
  append_labels(out, "annotations", alert.annotations);
  if (alert.starts_at != 0) append_member(out, "startsAt", format_rfc3339(alert.starts_at));
  if (alert.ends_at != 0) append_member(out, "endsAt", format_rfc3339(alert.ends_at));
  if (!alert.generator_url.empty()) append_member(out, "generatorURL", alert.generator_url);
  out += '}';
}

}  // namespace

std::string alerts_json(std::span<const model::AlertPtr> alerts) {
  std::string out = "[";
  for (const model::AlertPtr& alert : alerts) {
    if (out.size() > 1) out += ',';
    append_alert(out, *alert);
  }
  out += ']';
  return out;
}

}  // namespace tocsin::remote
