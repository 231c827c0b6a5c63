#include "remote/read_query.hpp"

#include <algorithm>
#include <array>

namespace tocsin::remote {
namespace {

constexpr std::array kOps = {model::MatchOp::kEqual, model::MatchOp::kNotEqual, model::MatchOp::kRegex,
                             model::MatchOp::kNotRegex};

std::string_view type_name(std::uint32_t type) {
  return type == 0 ? "SAMPLES" : "STREAMED_XOR_CHUNKS";
}

/// The store takes no time beyond these, and has none there.
Timestamp within(Timestamp t) {
  return std::clamp(t, storage::kOldestTime, storage::kNewestTime);
}

}  // namespace

Result<ReadSelection> make_selection(const wire::ReadQuery& query, const model::Labels& external) {
  ReadSelection out;
  out.start = within(query.start);
  out.end = within(query.end);
  for (const wire::ReadMatcher& matcher : query.matchers) {
    if (matcher.type >= kOps.size()) return fail(Errc::kInvalid, "invalid matcher type");
    const model::MatchOp op = kOps[matcher.type];
    const bool external_one = op == model::MatchOp::kEqual && external.get(matcher.name) == matcher.value;
    TOCSIN_TRY(model::Matcher made, model::Matcher::make(op, matcher.name, external_one ? "" : matcher.value));
    out.matchers.push_back(std::move(made));
  }
  if (query.has_hints && (query.hints.start != 0 || query.hints.end != 0)) {
    out.start = std::max(out.start, within(query.hints.start));
    out.end = std::min(out.end, within(query.hints.end));
  }
  out.hints.start = out.start;
  out.hints.end = out.end;
  out.hints.step_ms = query.hints.step_ms;
  out.hints.range_ms = query.hints.range_ms;
  out.function = query.hints.function;
  return out;
}

Result<wire::ReadResponseType> negotiate_response(const std::vector<std::uint32_t>& accepted) {
  if (accepted.empty()) return wire::ReadResponseType::kSamples;
  for (const std::uint32_t type : accepted) {
    if (type <= static_cast<std::uint32_t>(wire::ReadResponseType::kStreamedXorChunks)) {
      return static_cast<wire::ReadResponseType>(type);
    }
  }
  return fail(Errc::kInvalid,
              "server does not support any of the requested response types: [{}]; supported: map[{}:{{}} {}:{{}}]",
              fmt::join(accepted, " "), type_name(0), type_name(1));
}

void merge_labels(const model::Labels& series, const model::Labels& external, std::vector<model::LabelView>& out) {
  out.clear();
  auto own = series.begin();
  auto other = external.begin();
  while (own != series.end() || other != external.end()) {
    if (other == external.end() || (own != series.end() && own->name <= other->name)) {
      if (other != external.end() && own->name == other->name) ++other;
      out.push_back(*own);
      ++own;
    } else {
      out.push_back(*other);
      ++other;
    }
  }
}

}  // namespace tocsin::remote
