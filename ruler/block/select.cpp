// Matchers to series, as the head does it (tsdb/label_select.cpp): exact values first, by postings, the shortest list
// first; what is left is asked of each candidate if there are few, else of each value of the label.
//
// A matcher that "" satisfies also takes series without the label; it can only remove: those whose value does not
// match.
#include "block/select.hpp"

#include <algorithm>

namespace tocsin::block {
namespace {

using storage::Ids;

/// Reading the labels of a candidate costs about as much as so many values that are matched.
constexpr std::size_t kValuesPerCandidate = 4;

class Selector {
 public:
  Selector(const IndexReader& index, std::span<const model::Matcher> matchers) : index_(index), matchers_(matchers) {}

  Result<Ids> run() {
    TOCSIN_OK(exact_values());
    // Those that demand a value first: afterwards there are candidates to ask.
    for (const bool takes_empty : {false, true}) {
      for (const model::Matcher* const matcher : others_) {
        if (matcher->matches(std::string_view()) == takes_empty) TOCSIN_OK(narrow(*matcher, takes_empty));
      }
    }
    if (!bounded_) TOCSIN_OK(take_all());
    return std::move(ids_);
  }

 private:
  static bool is_exact(const model::Matcher& matcher) {
    const auto& literals = matcher.literals();
    return !literals.empty() && std::ranges::none_of(literals, &std::string::empty);
  }

  Result<void> exact_values() {
    std::vector<Ids> found;
    for (const model::Matcher& matcher : matchers_) {
      if (!is_exact(matcher)) {
        others_.push_back(&matcher);
        continue;
      }
      std::vector<std::uint64_t> lists;
      const IndexReader::Name* const name = index_.find_name(matcher.name());
      for (const std::string& literal : matcher.literals()) {
        std::uint64_t list = 0;
        if (name) {
          TOCSIN_TRY(list, index_.find_list(*name, literal));
        }
        if (list != 0) lists.push_back(list);
      }
      TOCSIN_TRY(found.emplace_back(), united(lists));
      if (found.back().empty()) break;
    }
    if (found.empty()) return {};
    std::ranges::sort(found, {}, &Ids::size);
    ids_ = std::move(found[0]);
    bounded_ = true;
    for (std::size_t i = 1; i < found.size(); ++i) storage::intersect(ids_, found[i]);
    return {};
  }

  Result<void> narrow(const model::Matcher& matcher, bool takes_empty) {
    if (bounded_ && ids_.empty()) return {};
    if (matcher.op() == model::MatchOp::kRegex && matcher.value() == ".*") return {};
    // An empty name is that of the list of all series; no label has it.
    const IndexReader::Name* const name = matcher.name().empty() ? nullptr : index_.find_name(matcher.name());
    if (!name) {
      if (!takes_empty) take({});
      return {};
    }
    if (bounded_ && ids_.size() * kValuesPerCandidate < name->values) return ask_candidates(matcher);
    return ask_values(matcher, takes_empty, *name);
  }

  /// Lists of the values that match or, to be removed, of those that do not.
  Result<void> ask_values(const model::Matcher& matcher, bool takes_empty, const IndexReader::Name& name) {
    std::vector<std::uint64_t> lists;
    const std::string& prefix = takes_empty ? std::string() : matcher.prefix();
    TOCSIN_OK(index_.each_value(name, prefix, [&](std::string_view value, std::uint64_t list) {
      if (!value.starts_with(prefix)) return false;
      if (matcher.matches(value) != takes_empty) lists.push_back(list);
      return true;
    }));
    TOCSIN_TRY(const Ids found, united(lists));
    if (!takes_empty) {
      take(found);
      return {};
    }
    if (!bounded_) TOCSIN_OK(take_all());
    storage::subtract(ids_, found);
    return {};
  }

  Result<void> ask_candidates(const model::Matcher& matcher) {
    Ids kept;
    for (const std::uint32_t id : ids_) {
      TOCSIN_TRY(const std::string_view value, index_.label_value(id, matcher.name()));
      if (matcher.matches(value)) kept.push_back(id);
    }
    ids_ = std::move(kept);
    return {};
  }

  Result<Ids> united(const std::vector<std::uint64_t>& offsets) const {
    std::vector<Ids> lists;
    // Lists that stand side by side in the file are no longer than it: others would share their bytes.
    std::uint64_t room = index_.bytes() / sizeof(std::uint32_t);
    for (const std::uint64_t offset : offsets) {
      TOCSIN_TRY(lists.emplace_back(), index_.list(offset));
      if (lists.back().size() > room) return fail(Errc::kCorrupt, "{}: postings lists overlap", index_.path());
      room -= lists.back().size();
    }
    if (lists.size() == 1) return std::move(lists[0]);
    return storage::unite({lists.begin(), lists.end()});
  }

  void take(const Ids& ids) {
    if (bounded_) {
      storage::intersect(ids_, ids);
    } else {
      ids_ = ids;
    }
    bounded_ = true;
  }

  Result<void> take_all() {
    TOCSIN_TRY(ids_, index_.all_series());
    bounded_ = true;
    return {};
  }

  const IndexReader& index_;
  const std::span<const model::Matcher> matchers_;
  std::vector<const model::Matcher*> others_;
  Ids ids_;
  bool bounded_ = false;  // ids_ holds candidates; else all series are
};

}  // namespace

Result<Ids> select_series(const IndexReader& index, std::span<const model::Matcher> matchers) {
  return Selector(index, matchers).run();
}

}  // namespace tocsin::block
