#include "scrape/page_reader.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "base/hash.hpp"
#include "base/strings.hpp"
#include "expo/converting_parser.hpp"
#include "expo/openmetrics_parser.hpp"
#include "expo/protobuf_parser.hpp"
#include "expo/text_parser.hpp"
#include "scrape/label_rules.hpp"

namespace tocsin::scrape {

using storage::AppendStatus;

namespace {

bool is_joined(std::string_view text, std::string_view first, std::string_view second) {
  return text.size() == first.size() + second.size() && text.starts_with(first) && text.ends_with(second);
}

/// The finest schema whose buckets grow by at least `factor`. Source: Prometheus scrape/scrape.go, pickSchema.
std::int32_t finest_schema(double factor) {
  if (!(factor > 1)) return model::kMaxSchema;
  const double schema = std::floor(-std::log2(std::log2(factor)));
  return static_cast<std::int32_t>(std::clamp<double>(schema, model::kMinSchema, model::kMaxSchema));
}

bool is_exponential(std::int32_t schema) {
  return schema >= model::kMinReservedSchema && schema <= model::kMaxReservedSchema;
}

}  // namespace

Result<void> PageReader::read(std::string_view page, expo::PageFormat format) {
  // A page of nothing is a page in every format.
  is_protobuf_ = format == expo::PageFormat::kProtobuf;
  if (is_protobuf_) {
    expo::ProtobufParser parser(page, rules_.histograms);
    TOCSIN_OK(read_rows(parser, page));
  } else if (rules_.histograms.convert && !page.empty()) {
    expo::ConvertingParser parser(expo::make_parser(format, page, {.starts = rules_.histograms.starts}),
                                  rules_.histograms.classic);
    TOCSIN_OK(read_rows(parser, page));
  } else if (format == expo::PageFormat::kText || page.empty()) {
    expo::TextParser parser(page);
    TOCSIN_OK(read_rows(parser, page));
  } else {
    expo::OpenMetricsParser parser(page, rules_.histograms.starts);
    TOCSIN_OK(read_rows(parser, page));
  }
  if (limit_exceeded_) return fail(Errc::kLimit, "{}", kSampleLimitError);
  if (bucket_limit_exceeded_) return fail(Errc::kLimit, "{}", kBucketLimitError);
  if (!changed_ && !expected_.done()) begin_change();
  return {};
}

template <typename PageParser>
Result<void> PageReader::read_rows(PageParser& parser, std::string_view page) {
  expo::Row row;
  while (true) {
    const std::string_view shared = before_.substr(0, expected_.shared());
    if (expected_.done() || !parser.next_known(shared, expected_.rest(), row)) {
      switch (parser.next(row)) {
        case expo::RowKind::kEnd:
          return {};
        case expo::RowKind::kError:
          return fail(Errc::kInvalid, "{}", parser.describe_error(page));
        case expo::RowKind::kSeries:
        case expo::RowKind::kHistogram:
          break;
        case expo::RowKind::kComment:
          continue;
        default:
          metadata_.see(row);
          if (rules_.type_and_unit_labels) see_type_and_unit(row);
          continue;
      }
      // The expected series in an unusual spelling, without a blank before the value, is still the expected one.
      if (expected_.done() || !is_joined(row.series, shared, expected_.rest())) {
        if (!changed_) begin_change();
        if constexpr (!PageParser::kKeepsSeries) {
          if (before_.data() != kept_before_.data()) before_ = kept_before_ = before_;
        }
        TOCSIN_OK(take_by_text(parser, row));
        continue;
      }
    }
    const std::size_t index = expected_.index();
    before_ = row.series;
    expected_.next();
    TOCSIN_OK(take_at(parser, row, index));
  }
}

Result<void> PageReader::take_at(expo::Parser& parser, const expo::Row& row, std::size_t index) {
  const Entry known = cache_.entry(index);
  if (changed_ && (seen_[index] || (known.flags & ScrapeCache::kDuplicate) != 0)) return take_by_text(parser, row);
  ++counts_.by_position;
  Entry entry = known;
  TOCSIN_OK(append(parser, row, entry));
  if (changed_) {
    seen_[index] = true;
    next_.push(row.series, entry);
  } else if (entry != known) {
    cache_.set(index, entry);
  }
  return {};
}

Result<void> PageReader::take_by_text(expo::Parser& parser, const expo::Row& row) {
  if (!index_) index_texts();
  const std::size_t old_count = cache_.refs.size();
  const std::uint64_t hash = xxhash64(row.series);
  const std::uint32_t found = index_->find(hash, [&](std::uint32_t place) {
    (place < old_count ? cache_.texts.seek(place, text_) : next_.texts.seek(place - old_count, text_));
    return text_ == row.series;
  });
  if (found == TextIndex::kNone) {
    index_->add(hash, static_cast<std::uint32_t>(old_count + next_.refs.size()));
    return take_new(parser, row);
  }
  ++counts_.by_text;
  Entry entry = found < old_count ? cache_.entry(found) : next_.entry(found - old_count);
  if (found < old_count && !seen_[found]) {
    seen_[found] = true;
    expected_ = cache_.texts.seek(found, text_);
    expected_.next();
    before_ = row.series;
  } else if ((entry.flags & ScrapeCache::kDropped) == 0) {
    entry.flags = ScrapeCache::kDuplicate;
  }
  TOCSIN_OK(append(parser, row, entry));
  next_.push(row.series, entry);
  return {};
}

Result<void> PageReader::take_new(expo::Parser& parser, const expo::Row& row) {
  ++counts_.fresh;
  ++counts_.scraped;
  TOCSIN_TRY(const auto labels, labels_of(parser, row));
  Entry entry;
  if (labels) {
    ++counts_.after_relabel;
    bool is_taken = true;
    if (row.kind == expo::RowKind::kHistogram) {
      TOCSIN_TRY(is_taken, take_histogram(parser));
    }
    if (const auto t = is_taken ? admit(row, entry) : std::nullopt) append_first(parser, row, *labels, *t, entry);
  } else {
    entry.flags = ScrapeCache::kDropped;
  }
  next_.push(row.series, entry);
  return {};
}

Result<std::optional<model::Labels>> PageReader::labels_of(expo::Parser& parser, const expo::Row& row) {
  if (row.series.size() > kMaxSeriesBytes) {
    return fail(Errc::kLimit, "series is longer than {} bytes: {}...", kMaxSeriesBytes,
                go_quote(row.series.substr(0, 50)));
  }
  const expo::ParseErrc code = parser.labels(row, row_labels_);
  if (code == expo::ParseErrc::kProtobuf) return fail(Errc::kInvalid, "{}", parser.describe_error({}));
  if (code == expo::ParseErrc::kDuplicateLabel) {
    const auto twice = std::adjacent_find(row_labels_.begin(), row_labels_.end(),
                                          [](const auto& a, const auto& b) { return a.name == b.name; });
    return fail(Errc::kInvalid, "label name {} is not unique: invalid sample", go_quote(twice->name));
  }
  if (rules_.type_and_unit_labels) set_type_and_unit(row_labels_, type_, unit_);
  return stored_labels(row_labels_, rules_.target, rules_.config);
}

/// As Prometheus' parsers: a unit of OpenMetrics stays in force until the next one, one of protobuf is its family's.
void PageReader::see_type_and_unit(const expo::Row& row) {
  if (row.kind == expo::RowKind::kUnit) {
    unit_ = row.text;
    unit_family_ = row.name;
  } else if (row.kind == expo::RowKind::kType) {
    type_ = row.type;
    if (is_protobuf_ && row.name != unit_family_) unit_ = {};
  }
}

std::optional<Timestamp> PageReader::admit(const expo::Row& row, Entry& entry) {
  const bool own_time = row.has_timestamp && rules_.config.honor_timestamps;
  if ((entry.flags & ScrapeCache::kDuplicate) != 0) {
    if (!own_time) {
      ++counts_.duplicates;
      return std::nullopt;
    }
  } else if (own_time && !rules_.config.track_timestamps_staleness) {
    entry.flags &= static_cast<std::uint8_t>(~ScrapeCache::kTracked);
  } else {
    entry.flags |= ScrapeCache::kTracked;
  }
  // Rows beyond the limit are still counted, so that scrape_samples_scraped tells how many there are.
  if (++limited_ > rules_.config.sample_limit && rules_.config.sample_limit > 0) {
    limit_exceeded_ = true;
    return std::nullopt;
  }
  const Timestamp t = own_time ? row.timestamp : t_;
  if (t > max_t_) {
    ++counts_.out_of_bounds;
    return std::nullopt;
  }
  return t;
}

Result<bool> PageReader::take_histogram(expo::Parser& parser) {
  std::unique_ptr<model::FloatHistogram> made = parser.histogram();
  const std::int32_t finest = finest_schema(rules_.config.native_histogram_min_bucket_factor);
  if (is_exponential(made->schema) && made->schema > finest) model::reduce_resolution(*made, finest);
  if (const std::uint64_t limit = rules_.config.native_histogram_bucket_limit; limit > 0) {
    while (made->positive_buckets.size() + made->negative_buckets.size() > limit) {
      if (made->schema <= model::kMinSchema || made->schema > model::kMaxSchema) {
        bucket_limit_exceeded_ = true;
        return false;
      }
      model::reduce_resolution(*made, made->schema - 1);
    }
  }
  if (!model::is_stale(*made)) TOCSIN_OK(model::validate(*made));
  histogram_ = std::move(made);
  return true;
}

storage::AppendResult PageReader::append_value(const expo::Row& row, storage::SeriesRef ref,
                                               const model::Labels* labels, Timestamp t) {
  if (row.kind == expo::RowKind::kSeries) [[likely]]
    return appender_.append(ref, labels, t, row.value, row.start);
  if (model::is_stale(*histogram_)) return appender_.append(ref, labels, t, model::stale_nan());
  return appender_.append_histogram(ref, labels, t, histogram_, row.start);
}

Result<void> PageReader::append(expo::Parser& parser, const expo::Row& row, Entry& entry) {
  ++counts_.scraped;
  if ((entry.flags & ScrapeCache::kDropped) != 0) return {};
  ++counts_.after_relabel;
  if (row.kind == expo::RowKind::kHistogram) [[unlikely]] {
    TOCSIN_TRY(const bool is_taken, take_histogram(parser));
    if (!is_taken) return {};
  }
  const auto t = admit(row, entry);
  if (!t) return {};
  if (entry.ref == 0) return append_by_labels(parser, row, *t, entry);
  const storage::AppendResult result = append_value(row, entry.ref, nullptr, *t);
  if (result.status == AppendStatus::kOk) [[likely]] {
    append_exemplars(parser, row, *t, entry.ref);
    return {};
  }
  if (result.status == AppendStatus::kUnknownRef) return append_by_labels(parser, row, *t, entry);
  note(result, entry);
  return {};
}

Result<void> PageReader::append_by_labels(expo::Parser& parser, const expo::Row& row, Timestamp t, Entry& entry) {
  TOCSIN_TRY(const auto labels, labels_of(parser, row));
  if (labels) append_first(parser, row, *labels, t, entry);
  return {};
}

void PageReader::append_first(expo::Parser& parser, const expo::Row& row, const model::Labels& labels, Timestamp t,
                              Entry& entry) {
  const std::uint64_t name = xxhash64(labels.metric_name());
  if (fresh_names_.empty() || fresh_names_.back() != name) fresh_names_.push_back(name);
  const storage::AppendResult result = append_value(row, 0, &labels, t);
  if (entry.ref == 0 && result.status == AppendStatus::kOk) ++counts_.series_added;
  note(result, entry);
  if (entry.ref != 0) fresh_refs_.push_back(entry.ref);
  if (result.status == AppendStatus::kOk) append_exemplars(parser, row, t, result.ref);
}

void PageReader::append_exemplars(expo::Parser& parser, const expo::Row& row, Timestamp t, storage::SeriesRef ref) {
  if (row.kind == expo::RowKind::kSeries) [[likely]] {
    if (row.exemplar.labels.empty()) [[likely]]
      return;
    if (append_exemplar(parser, row.exemplar, t, ref) == AppendStatus::kOutOfOrder) ++counts_.exemplars_out_of_order;
    return;
  }
  parser.histogram_exemplars(exemplars_);
  std::sort(exemplars_.begin(), exemplars_.end(), [](const auto& a, const auto& b) {
    return std::tie(a.timestamp, a.value) < std::tie(b.timestamp, b.value);
  });
  std::size_t late = 0;
  for (const expo::ExemplarText& exemplar : exemplars_) {
    late += append_exemplar(parser, exemplar, t, ref) == AppendStatus::kOutOfOrder ? 1 : 0;
  }
  // A histogram shows its old exemplars until new ones take their place: trouble is if none is new.
  if (late > 0 && late == exemplars_.size()) counts_.exemplars_out_of_order += late;
}

AppendStatus PageReader::append_exemplar(expo::Parser& parser, const expo::ExemplarText& text, Timestamp t,
                                         storage::SeriesRef ref) {
  parser.exemplar_labels(text, row_labels_);
  const storage::Exemplar exemplar{.labels = model::Labels::from(row_labels_),
                                   .value = text.value,
                                   .t = text.has_timestamp ? text.timestamp : t,
                                   .has_timestamp = text.has_timestamp};
  // One that is too long is left out without a word, as in Prometheus.
  return appender_.append_exemplar(ref, exemplar);
}

void PageReader::note(const storage::AppendResult& result, Entry& entry) {
  if (result.ref != 0) entry.ref = result.ref;
  switch (result.status) {
    case AppendStatus::kOutOfOrder:
      ++counts_.out_of_order;
      break;
    case AppendStatus::kDuplicate:
      ++counts_.duplicates;
      break;
    case AppendStatus::kTooOld:
    case AppendStatus::kOutOfBounds:
      ++counts_.out_of_bounds;
      break;
    case AppendStatus::kSeriesLimit:
      ++counts_.series_limit;
      break;
    default:
      break;
  }
}

void PageReader::begin_change() {
  changed_ = true;
  const std::size_t same = expected_.index();
  next_.texts.assign_before(expected_);
  next_.refs.assign(cache_.refs.begin(), cache_.refs.begin() + static_cast<std::ptrdiff_t>(same));
  next_.flags.assign(cache_.flags.begin(), cache_.flags.begin() + static_cast<std::ptrdiff_t>(same));
  seen_.assign(cache_.refs.size(), false);
  std::fill_n(seen_.begin(), same, true);
}

void PageReader::index_texts() {
  index_.emplace(cache_.refs.size());
  text_.clear();
  for (auto cursor = cache_.texts.begin(); !cursor.done(); cursor.next()) {
    text_.resize(cursor.shared());
    text_ += cursor.rest();
    const std::size_t place = cursor.index();
    if ((cache_.flags[place] & ScrapeCache::kDuplicate) != 0) continue;
    index_->add(xxhash64(text_), static_cast<std::uint32_t>(place));
  }
}

void PageReader::append_stale(storage::SeriesRef ref) {
  if (appender_.append(ref, nullptr, t_, model::stale_nan()).status == AppendStatus::kOk) ++counts_.stale_markers;
}

void PageReader::mark_vanished() {
  if (!cache_.live) return;
  std::vector<storage::SeriesRef> vanished = cache_.orphans;
  for (std::size_t i = 0; i < seen_.size(); ++i) {
    if (!seen_[i] && cache_.is_tracked(i)) vanished.push_back(cache_.refs[i]);
  }
  if (vanished.empty()) return;
  // A series may have come back under another text, its labels in another order: it has not vanished.
  const std::unordered_set<storage::SeriesRef> fresh(fresh_refs_.begin(), fresh_refs_.end());
  for (const storage::SeriesRef ref : vanished) {
    if (!fresh.contains(ref)) append_stale(ref);
  }
}

void PageReader::accept() {
  if (changed_) {
    next_.shrink();
    cache_.texts = std::move(next_.texts);
    cache_.refs = std::move(next_.refs);
    cache_.flags = std::move(next_.flags);
  }
  cache_.orphans = {};
  cache_.live = true;
}

}  // namespace tocsin::scrape
