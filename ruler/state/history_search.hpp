#pragma once
// A search of the history.

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "state/history.hpp"
#include "state/history_labels.hpp"
#include "state/history_pack.hpp"

namespace tocsin::state {

/// The events of a range of ids, the greatest id first, from rows and from packs.
class EventsBackwards {
 public:
  /// Of [begin, end).
  static Result<EventsBackwards> open(Database& database, std::int64_t begin, std::int64_t end);
  /// Null behind the last one. Views of its texts live until the next call.
  Result<const StoredEvent*> next();

 private:
  EventsBackwards(Statement rows, Statement packs, std::int64_t begin, std::int64_t end)
      : rows_(std::move(rows)), packs_(std::move(packs)), begin_(begin), end_(end) {}
  Result<void> step_row();
  /// Unpacks until there is an event, or no pack.
  Result<void> fill();

  Statement rows_, packs_;
  std::int64_t begin_, end_;
  bool started_ = false, row_given_ = false;
  std::optional<StoredEvent> row_;
  bool packs_ended_ = false;
  std::vector<StoredEvent> pack_;  // what is left of it, the next one last; views of the statement's row
  StoredEvent given_;
};

/// One search: what it has learned of label sets, and the page so far.
class HistorySearch {
 public:
  HistorySearch(Database& database, HistoryLabels& labels, const HistoryQuery& query);
  Result<HistoryPage> run(const std::function<bool()>& out_of_time);

 private:
  bool has_needle(std::string_view text) const;
  /// Null if the file does not have them (any more).
  Result<const model::Labels*> labels_of(std::int64_t id);
  Result<bool> labels_match(std::int64_t id);
  Result<bool> matches(const StoredEvent& event);
  Result<void> add(const StoredEvent& stored, HistoryPage& page);

  Database& database_;
  HistoryLabels& file_labels_;
  const HistoryQuery& query_;
  std::string needle_;
  std::unordered_map<std::int64_t, std::optional<model::Labels>> labels_;
  std::unordered_map<std::int64_t, bool> matched_;
};

}  // namespace tocsin::state
