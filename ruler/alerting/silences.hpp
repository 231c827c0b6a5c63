#pragma once
// Silences: matchers and a time in which alerts that match are not told. Source: Alertmanager silence/silence.go.

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/rng.hpp"
#include "model/labels.hpp"
#include "model/matcher.hpp"
#include "state/store.hpp"

namespace tocsin::alerting {

class HistoryRecorder;

/// As in API v2.
struct SilenceMatcher {
  std::string name, value;
  bool is_regex = false;
  bool is_equal = true;
  bool operator==(const SilenceMatcher&) const = default;
};

enum class SilenceState { kActive, kPending, kExpired };
std::string_view silence_state_text(SilenceState state);

struct Silence {
  std::string id;                        // UUID; "": a new one
  std::vector<SilenceMatcher> matchers;  // ANDed
  Timestamp starts_at = 0, ends_at = 0, updated_at = 0;
  std::string created_by, comment;
  std::map<std::string, std::string> annotations;

  SilenceState state_at(Timestamp now) const {
    if (now < starts_at) return SilenceState::kPending;
    return now < ends_at ? SilenceState::kActive : SilenceState::kExpired;
  }
};

struct SilenceOptions {
  std::size_t max_silences = 0;                  // 0: none; expired ones count until they are collected
  std::size_t max_silence_bytes = 0;             // of its JSON
  Duration retention = std::chrono::hours(120);  // how long expired ones are kept
  bool log_changes = false;                      // --log.silences
};

/// Thread: the loop's.
class Silences {
 public:
  /// @param history  may be null.
  Silences(Clock& clock, Rng& rng, state::Store& store, SilenceOptions options, HistoryRecorder* history = nullptr)
      : clock_(&clock), rng_(&rng), store_(&store), options_(options), history_(history) {}
  Result<void> load();

  /// Makes or changes a silence. A change keeps the id if the matchers are equal and history stays as it was; else the
  /// old one expires and a new one is made.
  /// @return its id; kNotFound for an unknown id, kInvalid, kLimit.
  Result<std::string> set(Silence silence);
  /// Ends it now; no error if it has ended. kNotFound.
  Result<void> expire(const std::string& id);
  const Silence* find(const std::string& id) const;
  /// Active (next to end first), pending (next to start first), expired (latest first).
  std::vector<const Silence*> all() const;
  std::size_t count(SilenceState state) const;

  /// Ids of the active silences that match, sorted.
  std::vector<std::string> matching(const model::Labels& labels, Timestamp now);
  /// Forgets those that ended longer than the retention ago.
  void collect();

 private:
  struct Entry {
    Silence silence;
    std::vector<model::Matcher> matchers;
  };
  struct Cached {
    std::uint64_t version = 0;
    std::vector<std::string> ids;  // not expired when computed, matching
  };
  static Result<Entry> compile(Silence silence);
  Result<void> keep(Entry entry);
  void record(const std::string& id, bool created);

  Clock* clock_;
  Rng* rng_;
  state::Store* store_;
  SilenceOptions options_;
  HistoryRecorder* history_;
  std::map<std::string, Entry> entries_;
  std::uint64_t version_ = 1;                        // of entries_; what is cached under an older one is computed again
  std::unordered_map<std::uint64_t, Cached> cache_;  // by fingerprint
};

}  // namespace tocsin::alerting
