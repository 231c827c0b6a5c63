// Matchers to series. In short: exact values first, by postings, the shortest list first; what is left is asked of each
// candidate if there are few, else of each value of the label. A regular expression never runs under the lock.
//
// A matcher that "" satisfies also takes series without the label; it can only remove: those whose value does not
// match.
#include <algorithm>
#include <unordered_map>

#include "tsdb/label_index.hpp"

namespace tocsin::tsdb {

class Selector {
 public:
  Selector(const LabelIndex& index, std::span<const model::Matcher> matchers) : index_(index), matchers_(matchers) {}

  Ids run() {
    exact_values();
    // Those that demand a value first: afterwards there are candidates to ask.
    for (const bool takes_empty : {false, true}) {
      for (const model::Matcher* const matcher : others_) {
        if (matcher->matches(std::string_view()) == takes_empty) narrow(*matcher, takes_empty);
      }
    }
    return bounded_ ? std::move(ids_) : all_live();
  }

 private:
  struct Value {
    PairId id;
    const char* text;
    std::size_t postings;
  };

  static bool is_exact(const model::Matcher& matcher) {
    const auto& literals = matcher.literals();
    return !literals.empty() && std::ranges::none_of(literals, &std::string::empty);
  }

  void exact_values() {
    std::vector<std::vector<std::span<const SeriesId>>> unions;
    const ReadLock lock(index_.mutex_);
    for (const model::Matcher& matcher : matchers_) {
      if (!is_exact(matcher)) {
        others_.push_back(&matcher);
        continue;
      }
      auto& lists = unions.emplace_back();
      const NameEntry* const name = index_.find_name(matcher.name());
      for (const std::string& literal : matcher.literals()) {
        const PairId id = name ? index_.find_pair(*name, literal) : kNoId;
        if (id != kNoId) lists.push_back(index_.pair(id).postings.ids());
      }
    }
    if (unions.empty()) return;
    bounded_ = true;
    const auto total = [](const auto& lists) {
      std::size_t sum = 0;
      for (const auto& list : lists) sum += list.size();
      return sum;
    };
    std::ranges::sort(unions, {}, total);
    ids_ = unite(unions[0]);
    for (std::size_t i = 1; i < unions.size() && !ids_.empty(); ++i) {
      if (unions[i].size() == 1) {
        intersect(ids_, unions[i][0]);
      } else {
        intersect(ids_, unite(unions[i]));
      }
    }
  }

  void narrow(const model::Matcher& matcher, bool takes_empty) {
    if (bounded_ && ids_.empty()) return;
    if (matcher.op() == model::MatchOp::kRegex && matcher.value() == ".*") return;
    const NameEntry* name = nullptr;
    const std::vector<Value> values = values_of(matcher.name(), name);
    if (values.empty()) {
      if (!takes_empty) set({});
      return;
    }
    // A candidate costs about a look at each of its labels, a value one run of the expression and its postings.
    std::size_t postings = 0;
    for (const Value& value : values) postings += value.postings;
    if (bounded_ && ids_.size() * 8 < values.size() * 4 + postings / 8) {
      ask_candidates(matcher, takes_empty, *name);
    } else {
      ask_values(matcher, takes_empty, values);
    }
  }

  std::vector<Value> values_of(const std::string& name, const NameEntry*& entry) const {
    std::vector<Value> values;
    const ReadLock lock(index_.mutex_);
    entry = index_.find_name(name);
    if (!entry) return values;
    values.reserve(entry->pairs.size());
    for (const PairId id : entry->pairs) {
      const PairRecord& record = index_.pair(id);
      values.push_back({id, record.text.load(std::memory_order_acquire), record.postings.size()});
    }
    return values;
  }

  void ask_values(const model::Matcher& matcher, bool takes_empty, const std::vector<Value>& values) {
    std::vector<PairId> chosen;  // those that match, or, to be removed, those that do not
    for (const Value& value : values) {
      if (matcher.matches(text_at(value.text)) != takes_empty) chosen.push_back(value.id);
    }
    const Ids united = postings_of(chosen);
    if (!takes_empty) {
      set(united);
      return;
    }
    if (!bounded_) set(all_live());
    subtract(ids_, united);
  }

  Ids postings_of(const std::vector<PairId>& pairs) const {
    const ReadLock lock(index_.mutex_);
    std::vector<std::span<const SeriesId>> lists;
    for (const PairId id : pairs) {
      // A pair may have died since; with the pin of the caller its page is there.
      if (const PairPage* const page = index_.pairs_.find(id)) {
        lists.push_back(page->records[id & LabelIndex::kPairMask].postings.ids());
      }
    }
    return unite(std::move(lists));
  }

  void ask_candidates(const model::Matcher& matcher, bool takes_empty, const NameEntry& name) {
    std::unordered_map<PairId, bool> answers;
    std::erase_if(ids_, [&](SeriesId id) {
      const SeriesPage* const page = index_.page_of(id);
      if (!page) return true;
      for (const PairId pair : page->pairs(index_in_page(id))) {
        const PairRecord& record = index_.pair(pair);
        if (record.name != &name) continue;
        auto [answer, fresh] = answers.try_emplace(pair);
        if (fresh) answer->second = matcher.matches(record.value());
        return !answer->second;
      }
      return !takes_empty;
    });
  }

  void set(const Ids& ids) {
    if (bounded_) {
      intersect(ids_, ids);
    } else {
      ids_ = ids;
    }
    bounded_ = true;
  }

  Ids all_live() const {
    Ids ids;
    ids.reserve(index_.live());
    const std::uint32_t pages = index_.page_count();
    for (std::uint32_t number = 0; number < pages; ++number) {
      const SeriesPage* const page = index_.page(number);
      if (!page) continue;
      for (unsigned word = 0; word < kSeriesPage / 64; ++word) {
        std::uint64_t bits = page->live[word].load(std::memory_order_acquire);
        for (; bits != 0; bits &= bits - 1) {
          ids.push_back(number << kSeriesPageBits | (word * 64 + static_cast<unsigned>(std::countr_zero(bits))));
        }
      }
    }
    return ids;
  }

  const LabelIndex& index_;
  const std::span<const model::Matcher> matchers_;
  std::vector<const model::Matcher*> others_;
  Ids ids_;
  bool bounded_ = false;  // ids_ holds candidates; else all series are
};

Ids LabelIndex::select(std::span<const model::Matcher> matchers) const {
  return Selector(*this, matchers).run();
}

}  // namespace tocsin::tsdb
