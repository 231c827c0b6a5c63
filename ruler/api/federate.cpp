#include "api/federate.hpp"

#include <algorithm>
#include <functional>
#include <map>

#include "api/envelope.hpp"
#include "api/params.hpp"
#include "base/float_text.hpp"
#include "base/strings.hpp"
#include "expo/escape.hpp"
#include "expo/escape_name.hpp"
#include "model/labels.hpp"
#include "promql/parser/parser.hpp"

namespace tocsin::api {
namespace {

constexpr std::size_t kMaxBodyBytes = 256U << 20U;
constexpr std::size_t kLooksAfter = 128;  // series between two looks whether somebody still waits

struct Federate {
  MatcherSets sets;
  Timestamp now = 0;
  Duration lookback{0};
  model::Labels external;
  expo::EscapingScheme escaping = expo::EscapingScheme::kUnderscores;
};

struct AcceptClause {
  std::string_view type, version, escaping;
};

/// By quality, best first; those of one quality as they stand.
using AcceptClauses = std::multimap<double, AcceptClause, std::greater<>>;

AcceptClauses parse_accept(std::string_view accept) {
  AcceptClauses clauses;
  for (const std::string_view text : split(accept, ',')) {
    AcceptClause clause;
    double quality = 1;
    for (const std::string_view part : split(text, ';')) {
      const std::size_t equal = part.find('=');
      const std::string_view key = trim(part.substr(0, equal));
      if (equal == std::string_view::npos) {
        clause.type = key;
        continue;
      }
      const std::string_view value = trim(part.substr(equal + 1));
      if (key == "version") clause.version = value;
      if (key == "escaping") clause.escaping = value;
      if (key == "q" && !(parse_float(value, quality) && quality >= 0)) quality = 0;
    }
    clauses.emplace(quality, clause);
  }
  return clauses;
}

/// The scheme named last, down to the clause that asks for text 0.0.4. Source: prometheus/common expfmt, Negotiate().
expo::EscapingScheme wanted_escaping(std::string_view accept) {
  expo::EscapingScheme scheme = expo::EscapingScheme::kUnderscores;
  for (const auto& [quality, clause] : parse_accept(accept)) {
    scheme = expo::escaping_scheme(clause.escaping).value_or(scheme);
    if (clause.type == "text/plain" && (clause.version.empty() || clause.version == "0.0.4")) break;
  }
  return scheme;
}

std::string_view scheme_text(expo::EscapingScheme scheme) {
  static constexpr std::string_view kTexts[] = {"allow-utf-8", "underscores", "dots", "values"};
  return kTexts[static_cast<std::size_t>(scheme)];
}

/// Writes families of untyped samples. Thread: one.
class FederatePage {
 public:
  explicit FederatePage(const Federate& federate) : federate_(federate) {}

  void add(const model::Labels& labels, Timestamp t, double value) {
    const std::string_view name = labels.metric_name();
    if (name != last_name_) {
      last_name_ = name;
      out_ += "# TYPE ";
      append_name(name, true);
      out_ += " untyped\n";
    }
    const bool quoted = federate_.escaping == expo::EscapingScheme::kAllowUtf8 && !model::is_legacy_metric_name(name);
    first_ = true;
    if (!quoted) append_name(name, true);
    if (quoted) {
      open_or_comma();
      append_name(name, true);
    }
    for (const model::LabelView label : labels) {
      if (label.name != model::kMetricName && !label.value.empty()) append_label(label.name, label.value);
    }
    append_external(labels);
    out_ += first_ ? " " : "} ";
    append_float_expo(out_, value);
    fmt::format_to(std::back_inserter(out_), " {}\n", t);
  }

  std::size_t size() const { return out_.size(); }
  std::string take() { return std::move(out_); }

 private:
  void open_or_comma() { out_ += std::exchange(first_, false) ? '{' : ','; }

  void append_name(std::string_view name, bool metric) {
    if (federate_.escaping != expo::EscapingScheme::kAllowUtf8) {
      out_ += expo::escape_name(name, federate_.escaping);
    } else if (metric ? model::is_legacy_metric_name(name) : model::is_legacy_label_name(name)) {
      out_ += name;
    } else {
      out_ += '"';
      expo::append_escaped(out_, name, true);
      out_ += '"';
    }
  }

  void append_label(std::string_view name, std::string_view value) {
    open_or_comma();
    append_name(name, false);
    out_ += "=\"";
    expo::append_escaped(out_, value, true);
    out_ += '"';
  }

  /// What the series lacks, in order of names; `instance` too, so that the reader's own does not take its place.
  void append_external(const model::Labels& labels) {
    bool instance = false;
    for (const model::LabelView label : federate_.external) {
      if (!instance && label.name > "instance") add_instance(labels, instance);
      instance |= label.name == "instance";
      if (labels.get(label.name).empty()) append_label(label.name, label.value);
    }
    if (!instance) add_instance(labels, instance);
  }

  void add_instance(const model::Labels& labels, bool& done) {
    done = true;
    if (labels.get("instance").empty()) append_label("instance", "");
  }

  const Federate& federate_;
  std::string out_;
  std::string last_name_;
  bool first_ = true;
};

struct Newest {
  Timestamp t = 0;
  double value = 0;
};

/// By metric name, then by labels, as the page stands.
struct ByName {
  bool operator()(const model::Labels& a, const model::Labels& b) const {
    const int order = a.metric_name().compare(b.metric_name());
    return order != 0 ? order < 0 : a < b;
  }
};
using NewestSamples = std::map<model::Labels, Newest, ByName>;

Result<void> read_newest(storage::Querier& querier, const Federate& federate, std::span<const model::Matcher> matchers,
                         const AnswerContext& context, NewestSamples& out) {
  storage::SelectHints hints;
  hints.start = federate.now - to_ms(federate.lookback);
  hints.end = federate.now;
  storage::SampleColumns samples;
  const auto set = querier.select(hints, matchers);
  for (std::size_t seen = 1; set->next(); ++seen) {
    if (seen % kLooksAfter == 0 && context.is_canceled()) return fail(Errc::kCanceled, "context canceled");
    TOCSIN_OK(set->read(hints.start, hints.end, samples));
    if (samples.size() == 0 || set->labels().metric_name().empty()) continue;
    const bool histogram = !samples.histograms.empty() && samples.histograms.back() != nullptr;
    if (histogram || model::is_stale(samples.values.back())) continue;
    out.insert_or_assign(set->labels(), Newest{samples.times.back(), samples.values.back()});
  }
  return set->status();
}

Result<std::string> render(storage::Queryable& store, const Federate& federate, const AnswerContext& context) {
  TOCSIN_TRY(auto querier, store.querier(federate.now - to_ms(federate.lookback), federate.now));
  NewestSamples newest;
  for (const auto& matchers : federate.sets) {
    TOCSIN_OK(read_newest(*querier, federate, matchers, context, newest));
  }
  FederatePage page(federate);
  for (const auto& [labels, sample] : newest) {
    page.add(labels, sample.t, sample.value);
    if (page.size() > kMaxBodyBytes) {
      return fail(Errc::kLimit, "the answer is larger than {} bytes: ask for fewer series", kMaxBodyBytes);
    }
  }
  return page.take();
}

std::string content_type(expo::EscapingScheme escaping) {
  return fmt::format("text/plain; version=0.0.4; charset=utf-8; escaping={}", scheme_text(escaping));
}

net::Task<net::HttpResponse> federate(Federation federation, net::HttpRequest request) {
  Federate params;
  auto sets = Params(request).matchers();
  if (!sets) co_return plain_error(400, sets.error().message);
  params.sets = std::move(*sets);
  params.now = federation.lane.loop().clock().now();
  params.lookback = federation.lookback;
  params.external = federation.external_labels();
  params.escaping = wanted_escaping(request.headers.get("Accept"));
  QueryLane::Answer answer = [store = &federation.store, params = std::move(params)](const AnswerContext& context) {
    auto page = render(*store, params, context);
    if (!page) return plain_error(500, page.error().message);
    return net::HttpResponse(200, content_type(params.escaping), std::move(*page));
  };
  co_return co_await federation.lane.run(std::move(answer));
}

}  // namespace

void add_federate(net::HttpRouter& router, const Federation& federation) {
  router.add("GET", "/federate", [federation](net::HttpRequest request, net::HttpRouter::Captures) {
    return federate(federation, std::move(request));
  });
}

}  // namespace tocsin::api
