#include "remote/write_job.hpp"

#include <utility>

#include "base/float_text.hpp"
#include "base/strings.hpp"
#include "model/histogram.hpp"
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

WriteJob::WriteJob(WriteJobOptions options, std::string body, storage::Appender& appender, const Clock& clock)
    : options_(options), body_(std::move(body)), appender_(appender), clock_(clock) {}

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
  reader_ = std::make_unique<wire::WriteReader>(options_.version, decoded_);
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
  refuse(is_v2() ? fmt::format("{} for series {}", text, labels_.to_string()) : std::move(text));
}

bool WriteJob::make_labels() {
  const std::uint64_t held = series_.samples.size() + series_.histograms.size();
  if (!series_.labels_problem.empty()) {
    outcome_.invalid_labels += held;
    refuse(
        fmt::format("parsing labels for series [{}]: {}", fmt::join(series_.label_refs, " "), series_.labels_problem));
    return false;
  }
  if (!series_.metadata_problem.empty()) {
    refuse(fmt::format("parsing metadata for series [{}]: {}", fmt::join(series_.label_refs, " "),
                       series_.metadata_problem));
    return false;
  }
  std::string_view duplicate;
  const LabelsVerdict verdict = make_series_labels(series_.labels, labels_, &duplicate);
  if (verdict == LabelsVerdict::kOk) return true;
  outcome_.invalid_labels += is_v2() ? held : 1;
  if (!is_v2()) return false;  // of 1.0 they are counted, and passed over
  refuse(verdict == LabelsVerdict::kDuplicate
             ? fmt::format("invalid labels for series, labels {}, duplicated label {}", labels_text(series_.labels),
                           duplicate)
             : fmt::format("invalid metric name or labels, got {}", labels_text(series_.labels)));
  return false;
}

void WriteJob::add_series() {
  if (!make_labels()) return;
  ref_ = 0;
  if (is_v2() && series_.samples.empty() && series_.histograms.empty()) {
    return refuse(
        fmt::format("TimeSeries must contain at least one sample or histogram for series {}", labels_.to_string()));
  }
  add_samples();
  add_histograms();
  add_exemplars();
  add_metadata();
}

void WriteJob::add_samples() {
  for (const wire::WriteSample& sample : series_.samples) {
    storage::AppendResult result{AppendStatus::kOutOfBounds, ref_, false};
    if (sample.t <= options_.newest) result = appender_.append(ref_, &labels_, sample.t, sample.value, sample.start);
    ref_ = result.ref;
    if (result.status == AppendStatus::kOk) {
      ++outcome_.written.samples;
    } else {
      refuse_sample(status_text(result.status, sample.t, &sample.value));
    }
  }
}

void WriteJob::add_histograms() {
  for (wire::WriteHistogram& one : series_.histograms) {
    storage::AppendResult result{AppendStatus::kOutOfBounds, ref_, false};
    if (one.t <= options_.newest) {
      if (const auto sound = judge(*one.histogram); !sound) {
        refuse_sample(sound.error().message);
        continue;
      }
      result = appender_.append_histogram(ref_, &labels_, one.t, std::move(one.histogram), one.start);
    }
    ref_ = result.ref;
    if (result.status == AppendStatus::kOk) {
      ++outcome_.written.histograms;
    } else {
      refuse_sample(status_text(result.status, one.t, nullptr));
    }
  }
}

void WriteJob::add_exemplars() {
  if (series_.exemplars.empty()) return;
  if (ref_ == 0) ref_ = appender_.find(labels_);  // senders of 1.0 put exemplars into series of their own
  for (const wire::WriteExemplar& exemplar : series_.exemplars) add_exemplar(exemplar);
}

void WriteJob::add_exemplar(const wire::WriteExemplar& from) {
  if (!from.problem.empty()) {
    return refuse(fmt::format("parsing exemplar for series {}: {}", labels_.to_string(), from.problem));
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
    refuse(fmt::format("out of order exemplar for series {}", labels_.to_string()));
  }
  // Others are dropped without a word, as in Prometheus: too many labels, no room for the series.
}

void WriteJob::add_metadata() {
  const wire::WriteMetadata& from = series_.metadata;
  if (!is_v2() || ref_ == 0) return;
  if (from.type == model::MetricType::kUnknown && from.help.empty() && from.unit.empty()) return;
  appender_.set_metadata(ref_, {from.type, std::string(from.unit), std::string(from.help)});
}

}  // namespace tocsin::remote
