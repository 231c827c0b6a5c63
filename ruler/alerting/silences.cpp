#include "alerting/silences.hpp"

#include <algorithm>
#include <tuple>

#include "alerting/history_recorder.hpp"
#include "alerting/silence_json.hpp"
#include "base/log.hpp"
#include "base/strings.hpp"

namespace tocsin::alerting {
namespace {

/// Alerts whose matching silences are remembered; all are forgotten beyond it.
constexpr std::size_t kMaxCached = 100'000;

model::MatchOp op_of(const SilenceMatcher& matcher) {
  if (matcher.is_regex) return matcher.is_equal ? model::MatchOp::kRegex : model::MatchOp::kNotRegex;
  return matcher.is_equal ? model::MatchOp::kEqual : model::MatchOp::kNotEqual;
}

/// Negative matchers never count as matching "".
bool matches_empty(const model::Matcher& matcher) {
  return (matcher.op() == model::MatchOp::kEqual || matcher.op() == model::MatchOp::kRegex) && matcher.matches("");
}

std::string_view op_text(const SilenceMatcher& matcher) {
  if (matcher.is_regex) return matcher.is_equal ? "=~" : "!~";
  return matcher.is_equal ? "=" : "!=";
}

/// With Alertmanager's words and keys. Source: silence/silence.go (logSilence).
void log_silence(std::string_view what, const Silence& silence) {
  std::vector<std::string> matchers;
  for (const SilenceMatcher& one : silence.matchers)
    matchers.push_back(one.name + std::string(op_text(one)) + one.value);
  const auto to_the_second = [](Timestamp t) { return format_rfc3339(t - t % 1000); };
  log::info("silences", what,
            {{"Id", silence.id},
             {"CreatedBy", silence.created_by},
             {"Comment", silence.comment},
             {"StartsAt", to_the_second(silence.starts_at)},
             {"EndsAt", to_the_second(silence.ends_at)},
             {"Matchers", fmt::format("{}", fmt::join(matchers, ","))}});
}

/// True if `before` can become `after` without a change of what was silenced in the past.
bool can_update(const Silence& before, const Silence& after, Timestamp now) {
  if (before.matchers != after.matchers) return false;
  switch (before.state_at(now)) {
    case SilenceState::kActive:
      return before.starts_at / 1000 == after.starts_at / 1000 && after.ends_at >= now;
    case SilenceState::kPending:
      return after.starts_at >= now;
    case SilenceState::kExpired:
      break;
  }
  return false;
}

}  // namespace

Result<Silences::Entry> Silences::compile(Silence silence) {
  Entry entry;
  if (silence.matchers.empty()) return fail(Errc::kInvalid, "invalid silence: matcher set 0 is empty");
  bool all_match_empty = true;
  for (std::size_t i = 0; i < silence.matchers.size(); ++i) {
    const SilenceMatcher& written = silence.matchers[i];
    const auto invalid = [i](std::string_view what) {
      return fail(Errc::kInvalid, "invalid silence: invalid label matcher {} in set 0: {}", i, what);
    };
    if (!model::is_valid_name(written.name)) return invalid("invalid label name " + go_quote(written.name));
    if (!is_valid_utf8(written.value)) return invalid("invalid label value " + go_quote(written.value));
    Result<model::Matcher> matcher = model::Matcher::make(op_of(written), written.name, written.value);
    if (!matcher) {
      return invalid(
          fmt::format("invalid regular expression {}: {}", go_quote(written.value), matcher.error().message));
    }
    all_match_empty = all_match_empty && matches_empty(*matcher);
    entry.matchers.push_back(std::move(*matcher));
  }
  if (all_match_empty) {
    return fail(Errc::kInvalid, "invalid silence: matcher set 0: at least one matcher must not match the empty string");
  }
  if (silence.ends_at < silence.starts_at) {
    return fail(Errc::kInvalid, "invalid silence: end time must not be before start time");
  }
  entry.silence = std::move(silence);
  return entry;
}

Result<void> Silences::load() {
  TOCSIN_TRY(const std::vector<state::StoredSilence> stored, store_->load_silences());
  for (const state::StoredSilence& one : stored) {
    Result<Silence> silence = parse_silence_json(one.json);
    Result<Entry> entry = silence ? compile(std::move(*silence)) : Result<Entry>(fail(std::move(silence).error()));
    if (!entry) {
      log::error("alerting", "a stored silence makes no sense and is left out",
                 {{"id", one.id}, {"err", entry.error().message}});
      continue;
    }
    entry->silence.id = one.id;
    entries_.insert_or_assign(one.id, std::move(*entry));
  }
  ++version_;
  return {};
}

Result<void> Silences::keep(Entry entry) {
  std::string json = silence_json(entry.silence, clock_->now());
  if (options_.max_silence_bytes > 0 && json.size() > options_.max_silence_bytes) {
    return fail(Errc::kLimit, "silence exceeded maximum size: {} bytes (limit: {} bytes)", json.size(),
                options_.max_silence_bytes);
  }
  store_->save_silence({entry.silence.id, std::move(json), entry.silence.ends_at});
  std::string id = entry.silence.id;
  entries_.insert_or_assign(std::move(id), std::move(entry));
  ++version_;
  return {};
}

void Silences::record(const std::string& id, bool created) {
  if (options_.log_changes) log_silence(created ? "create silence" : "update silence", *find(id));
  if (history_ != nullptr) history_->set(*find(id), created);
}

Result<std::string> Silences::set(Silence silence) {
  const Timestamp now = clock_->now();
  if (silence.starts_at <= 0) silence.starts_at = now;
  TOCSIN_TRY(Entry entry, compile(std::move(silence)));
  const Silence* before = entry.silence.id.empty() ? nullptr : find(entry.silence.id);
  if (!entry.silence.id.empty() && before == nullptr) return fail(Errc::kNotFound, "silence not found");
  entry.silence.updated_at = now;
  if (before != nullptr && can_update(*before, entry.silence, now)) {
    std::string id = entry.silence.id;
    TOCSIN_OK(keep(std::move(entry)));
    record(id, false);
    return id;
  }
  if (options_.max_silences > 0 && entries_.size() + 1 > options_.max_silences) {
    return fail(Errc::kLimit, "exceeded maximum number of silences: {} (limit: {})", entries_.size(),
                options_.max_silences);
  }
  const std::string old_id = before != nullptr ? before->id : std::string();
  entry.silence.id = rng_->uuid();
  entry.silence.starts_at = std::max(entry.silence.starts_at, now);
  std::string id = entry.silence.id;
  TOCSIN_OK(keep(std::move(entry)));
  record(id, true);
  if (!old_id.empty()) TOCSIN_OK(expire(old_id));
  return id;
}

Result<void> Silences::expire(const std::string& id) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return fail(Errc::kNotFound, "silence not found");
  const Timestamp now = clock_->now();
  Entry entry = found->second;
  switch (entry.silence.state_at(now)) {
    case SilenceState::kExpired:
      return {};
    case SilenceState::kPending:
      entry.silence.starts_at = now;
      [[fallthrough]];
    case SilenceState::kActive:
      entry.silence.ends_at = now;
  }
  entry.silence.updated_at = now;
  TOCSIN_OK(keep(std::move(entry)));
  if (options_.log_changes) log_silence("expire silence", *find(id));
  return {};
}

const Silence* Silences::find(const std::string& id) const {
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : &found->second.silence;
}

std::vector<const Silence*> Silences::all() const {
  std::vector<const Silence*> out;
  for (const auto& [id, entry] : entries_) out.push_back(&entry.silence);
  const Timestamp now = clock_->now();
  std::sort(out.begin(), out.end(), [now](const Silence* a, const Silence* b) {
    const SilenceState sa = a->state_at(now), sb = b->state_at(now);
    if (sa != sb) return sa < sb;
    const auto key = [sa](const Silence* s) {
      if (sa == SilenceState::kPending) return s->starts_at;
      return sa == SilenceState::kActive ? s->ends_at : -s->ends_at;
    };
    return std::forward_as_tuple(key(a), a->id) < std::forward_as_tuple(key(b), b->id);
  });
  return out;
}

std::size_t Silences::count(SilenceState state) const {
  const Timestamp now = clock_->now();
  return static_cast<std::size_t>(std::count_if(
      entries_.begin(), entries_.end(), [&](const auto& e) { return e.second.silence.state_at(now) == state; }));
}

std::vector<std::string> Silences::matching(const model::Labels& labels, Timestamp now) {
  if (entries_.empty()) return {};
  if (cache_.size() > kMaxCached) cache_.clear();
  Cached& cached = cache_[labels.fingerprint()];
  if (cached.version != version_) {
    cached.version = version_;
    cached.ids.clear();
    for (const auto& [id, entry] : entries_) {
      if (entry.silence.state_at(now) == SilenceState::kExpired) continue;
      if (model::match_all(entry.matchers, labels)) cached.ids.push_back(id);
    }
  }
  std::vector<std::string> out;
  for (const std::string& id : cached.ids) {
    const auto found = entries_.find(id);
    if (found != entries_.end() && found->second.silence.state_at(now) == SilenceState::kActive) out.push_back(id);
  }
  return out;
}

void Silences::collect() {
  const Timestamp oldest = clock_->now() - to_ms(options_.retention);
  std::vector<std::string> gone;
  for (const auto& [id, entry] : entries_) {
    if (entry.silence.ends_at < oldest) gone.push_back(id);
  }
  for (const std::string& id : gone) {
    entries_.erase(id);
    store_->remove_silence(id);
  }
  if (!gone.empty()) ++version_;
  cache_.clear();
}

}  // namespace tocsin::alerting
