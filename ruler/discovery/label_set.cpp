#include "discovery/label_set.hpp"

namespace tocsin::discovery {
namespace {

bool may_stand_in_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

std::string sanitize_label_name(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    // Of a character of several bytes only the first one counts.
    if ((static_cast<unsigned char>(c) & 0xC0U) == 0x80U) continue;
    out += may_stand_in_name(c) ? c : '_';
  }
  return out;
}

std::string join_host_port(std::string_view host, std::string_view port) {
  const bool brackets = host.find(':') != std::string_view::npos || host.find('%') != std::string_view::npos;
  std::string out;
  out.reserve(host.size() + port.size() + 3);
  out.append(brackets ? "[" : "").append(host).append(brackets ? "]:" : ":").append(port);
  return out;
}

model::Labels LabelSet::build() const {
  std::vector<model::LabelView> views;
  views.reserve(pairs_.size());
  for (const auto& [name, value] : pairs_) views.push_back({name, value});
  return model::Labels::from(std::move(views));
}

}  // namespace tocsin::discovery
