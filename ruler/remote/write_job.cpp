#include "remote/write_job.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/float_text.hpp"
#include "base/strings.hpp"
#include "model/histogram.hpp"
#include "model/metadata_labels.hpp"
#include "remote/series_labels.hpp"
#include "wire/snappy.hpp"

namespace tocsin::remote {
namespace {

using storage::AppendStatus;

constexpr std::size_t kLooksAfter = 64;  // series between two looks at the clock
constexpr std::size_t kMaxErrorBytes = 16U << 10U;

/// Whether it makes sense; one that is finer than what is stored is made coarser.
Result<void> judge(model::FloatHistogram& histogram) {
  const std::int32_t schema = histogram.schema;
  const bool finer = schema > model::kMaxSchema && schema <= model::kMaxReservedSchema;
  if (finer) histogram.schema = model::kMaxSchema;  // what else there is to judge is the same at each resolution
  TOCSIN_OK(model::validate(histogram));
  if (!finer) return {};
  histogram.schema = schema;
  model::reduce_resolution(histogram, model::kMaxSchema);
  return {};
}

}  // namespace

WriteJob::WriteJob(WriteJobOptions options, std::string body, storage::Appender& appender, const Clock& clock,
                   RefCache* cache)
    : options_(options), body_(std::move(body)), appender_(appender), clock_(clock), cache_(cache) {}

bool WriteJob::run() {
  const MonoTime until = clock_.mono() + options_.slice;
  if (!reader_ && !decode()) return false;
  for (std::size_t seen = 1; reader_->next(series_); ++seen) {
    add_series();
    if (seen % kLooksAfter == 0 && clock_.mono() >= until) return true;
  }
  finish();
  return false;
}

bool WriteJob::decode() {
  auto decoded = wire::snappy_decode(body_, options_.max_decoded_bytes);
  if (!decoded && decoded.error().code == Errc::kLimit) {
    fail_request(400, fmt::format("decoded size exceeds the {} bytes limit", options_.max_decoded_bytes));
    return false;
  }
  if (!decoded) {
    fail_request(400, std::move(decoded).error().message);
    return false;
  }
  decoded_ = std::move(*decoded);
  std::string().swap(body_);
  const auto seed = cache_ != nullptr ? std::optional(cache_->seed()) : std::nullopt;
  reader_ = std::make_unique<wire::WriteReader>(options_.version, decoded_, wire::WriteLimits(), seed);
  return true;
}

void WriteJob::finish() {
  if (const auto& status = reader_->status(); !status) return fail_request(400, status.error().message);
  if (auto done = appender_.commit(); !done) return fail_request(500, std::move(done).error().message);
  if (outcome_.status == 204) return;
  if (unsaid_ > 0) outcome_.text += fmt::format("\n... and {} more errors", unsaid_);
}

void WriteJob::fail_request(int status, std::string text) {
  appender_.rollback();
  outcome_ = {status, std::move(text), {}, 0, 0};
}

void WriteJob::refuse(std::string text) {
  outcome_.status = 400;
  if (outcome_.text.empty()) {
    outcome_.text = std::move(text);
  } else if (!is_v2()) {
    return;  // 1.0 tells the first one
  } else if (outcome_.text.size() + text.size() > kMaxErrorBytes) {
    ++unsaid_;
  } else {
    outcome_.text += '\n';
    outcome_.text += text;
  }
}

std::string WriteJob::status_text(AppendStatus status, Timestamp t, const double* value) const {
  if (t > options_.newest) return "out of bounds: timestamp is too far in the future";
  switch (status) {
    case AppendStatus::kOutOfOrder:
      return "out of order sample";
    case AppendStatus::kTooOld:
      return options_.takes_late ? "too old sample" : "out of bounds";
    case AppendStatus::kOutOfBounds:
      return "out of bounds";
    case AppendStatus::kDuplicate:
      if (value == nullptr) return "duplicate sample for timestamp";
      return fmt::format("duplicate sample for timestamp {}; overrides not allowed: new value {}", t,
                         format_float_g(*value));
    case AppendStatus::kSeriesLimit:
      return "the limit of series is reached, new ones are not taken";
    case AppendStatus::kInvalidHistogram:
      return "invalid histogram";
    default:
      return std::string(storage::append_status_text(status));
  }
}

void WriteJob::refuse_sample(std::string text) {
  ++outcome_.refused;
  refuse(is_v2() ? fmt::format("{} for series {}", text, series_text()) : std::move(text));
}

std::string WriteJob::series_text() {
  return has_labels_ || make_labels() ? labels_.to_string() : "";
}

bool WriteJob::find_series() {
  ref_ = 0;
  has_labels_ = false;
  if (!series_.labels_problem.empty()) {
    outcome_.invalid_labels += series_.samples.size() + series_.histograms.size();
    refuse(
        fmt::format("parsing labels for series [{}]: {}", fmt::join(series_.label_refs, " "), series_.labels_problem));
    return false;
  }
  if (!series_.metadata_problem.empty()) {
    refuse(fmt::format("parsing metadata for series [{}]: {}", fmt::join(series_.label_refs, " "),
                       series_.metadata_problem));
    return false;
  }
  if (series_.key) ref_ = cache_->find(*series_.key);
  return ref_ != 0 || make_labels();
}

bool WriteJob::make_labels() {
  if (cache_ != nullptr && !reader_->read_labels(series_)) return false;  // finish() tells of it
  if (options_.type_and_unit_labels) set_type_and_unit();
  std::string_view duplicate;
  const LabelsVerdict verdict = make_series_labels(series_.labels, labels_, &duplicate);
  has_labels_ = verdict == LabelsVerdict::kOk;
  if (has_labels_) return true;
  outcome_.invalid_labels += is_v2() ? series_.samples.size() + series_.histograms.size() : 1;
  if (!is_v2()) return false;  // of 1.0 they are counted, and passed over
  refuse(verdict == LabelsVerdict::kDuplicate
             ? fmt::format("invalid labels for series, labels {}, duplicated label {}", labels_text(series_.labels),
                           duplicate)
             : fmt::format("invalid metric name or labels, got {}", labels_text(series_.labels)));
  return false;
}

/// Source: Prometheus storage/remote/write_handler.go, appendV2.
void WriteJob::set_type_and_unit() {
  const wire::WriteMetadata& from = series_.metadata;
  if (!is_v2() || (from.type == model::MetricType::kUnknown && from.unit.empty())) return;
  std::erase_if(series_.labels, [](const model::LabelView& label) {
    return label.name == model::kMetricType || label.name == model::kMetricUnit;
  });
  if (from.type != model::MetricType::kUnknown) {
    series_.labels.push_back({model::kMetricType, model::metric_type_text(from.type)});
  }
  if (!from.unit.empty()) series_.labels.push_back({model::kMetricUnit, from.unit});
}

template <typename Append>
storage::AppendResult WriteJob::append_one(Append append) {
  storage::AppendResult result = append(ref_, has_labels_ ? &labels_ : nullptr);
  // What the cache knew was collected meanwhile.
  if (result.status == AppendStatus::kUnknownRef && !has_labels_ && make_labels()) result = append(0, &labels_);
  ref_ = result.ref;
  return result;
}

void WriteJob::add_series() {
  if (!find_series()) return;
  if (is_v2() && series_.samples.empty() && series_.histograms.empty()) {
    return refuse(fmt::format("TimeSeries must contain at least one sample or histogram for series {}", series_text()));
  }
  add_samples();
  add_histograms();
  add_exemplars();
  add_metadata();
  if (series_.key && has_labels_ && ref_ != 0) cache_->put(*series_.key, ref_);
}

void WriteJob::add_samples() {
  for (const wire::WriteSample& sample : series_.samples) {
    storage::AppendResult result{AppendStatus::kOutOfBounds, ref_, false};
    if (sample.t <= options_.newest) {
      result = append_one([&](storage::SeriesRef ref, const model::Labels* labels) {
        return appender_.append(ref, labels, sample.t, sample.value, sample.start);
      });
    }
    if (result.status == AppendStatus::kOk) {
      ++outcome_.written.samples;
    } else {
      refuse_sample(status_text(result.status, sample.t, &sample.value));
    }
  }
}

void WriteJob::add_histograms() {
  for (const wire::WriteHistogram& one : series_.histograms) {
    storage::AppendResult result{AppendStatus::kOutOfBounds, ref_, false};
    if (one.t <= options_.newest) {
      if (const auto sound = judge(*one.histogram); !sound) {
        refuse_sample(sound.error().message);
        continue;
      }
      result = append_one([&](storage::SeriesRef ref, const model::Labels* labels) {
        return appender_.append_histogram(ref, labels, one.t, one.histogram, one.start);
      });
    }
    if (result.status == AppendStatus::kOk) {
      ++outcome_.written.histograms;
    } else {
      refuse_sample(status_text(result.status, one.t, nullptr));
    }
  }
}

void WriteJob::add_exemplars() {
  if (series_.exemplars.empty()) return;
  // Senders of 1.0 put exemplars into series of their own, where no sample has shown whether the ref still lives.
  const bool is_alone = series_.samples.empty() && series_.histograms.empty();
  if (ref_ == 0 || is_alone) ref_ = has_labels_ || make_labels() ? appender_.find(labels_) : 0;
  for (const wire::WriteExemplar& exemplar : series_.exemplars) add_exemplar(exemplar);
}

void WriteJob::add_exemplar(const wire::WriteExemplar& from) {
  if (!from.problem.empty()) {
    return refuse(fmt::format("parsing exemplar for series {}: {}", series_text(), from.problem));
  }
  for (const model::LabelView& label : from.labels) {
    if (label.name.empty() || !is_valid_utf8(label.name) || !is_valid_utf8(label.value)) return;
  }
  storage::Exemplar exemplar;
  exemplar.labels = model::Labels::from(from.labels);
  exemplar.value = from.value;
  exemplar.t = from.t;
  exemplar.has_timestamp = from.t != 0;
  const AppendStatus status =
      from.t <= options_.newest ? appender_.append_exemplar(ref_, exemplar) : AppendStatus::kOutOfBounds;
  if (status == AppendStatus::kOk) {
    ++outcome_.written.exemplars;
  } else if (is_v2() && status == AppendStatus::kOutOfOrder) {
    refuse(fmt::format("out of order exemplar for series {}", series_text()));
  }
  // Others are dropped without a word, as in Prometheus: too many labels, no room for the series.
}

void WriteJob::add_metadata() {
  const wire::WriteMetadata& from = series_.metadata;
  if (!options_.metadata || !is_v2() || ref_ == 0) return;
  if (from.type == model::MetricType::kUnknown && from.help.empty() && from.unit.empty()) return;
  appender_.set_metadata(ref_, {from.type, std::string(from.unit), std::string(from.help)});
}

}  // namespace tocsin::remote
