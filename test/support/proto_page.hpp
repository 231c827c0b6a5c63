#pragma once
// Pages of protobuf exposition, made by hand (naive_protobuf.hpp).

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/naive_protobuf.hpp"

namespace tocsin::test {

using ProtoLabels = std::vector<std::pair<std::string, std::string>>;

enum ProtoFamilyType {
  kProtoCounter,
  kProtoGauge,
  kProtoSummary,
  kProtoUntyped,
  kProtoHistogram,
  kProtoGaugeHistogram
};

inline Pb proto_label(std::string_view name, std::string_view value) {
  return Pb().text(1, name).text(2, value);
}

/// google.protobuf.Timestamp.
inline Pb proto_time(std::int64_t ms) {
  return Pb().number(1, ms / 1000).number(2, ms % 1000 * 1'000'000);
}

/// @param ms  0: without a timestamp.
inline Pb proto_exemplar(const ProtoLabels& labels, double value, std::int64_t ms = 0) {
  Pb out;
  for (const auto& [name, text] : labels) out.message(1, proto_label(name, text));
  out.real(2, value);
  if (ms != 0) out.message(3, proto_time(ms));
  return out;
}

/// A metric: its labels, then the field of its type.
inline Pb proto_metric(const ProtoLabels& labels, std::uint32_t field, const Pb& value, std::int64_t ms = 0) {
  Pb out;
  for (const auto& [name, text] : labels) out.message(1, proto_label(name, text));
  out.message(field, value);
  if (ms != 0) out.number(6, ms);
  return out;
}

inline Pb proto_gauge(const ProtoLabels& labels, double value, std::int64_t ms = 0) {
  return proto_metric(labels, 2, Pb().real(1, value), ms);
}
inline Pb proto_counter(const ProtoLabels& labels, double value, std::int64_t ms = 0) {
  return proto_metric(labels, 3, Pb().real(1, value), ms);
}
inline Pb proto_histogram(const ProtoLabels& labels, const Pb& value, std::int64_t ms = 0) {
  return proto_metric(labels, 7, value, ms);
}

/// Of a classic histogram. @param exemplar  "": none.
inline Pb proto_bucket(double upper_bound, std::int64_t count, const Pb& exemplar = {}) {
  Pb out;
  out.number(1, count).real(2, upper_bound);
  if (!exemplar.str().empty()) out.message(3, exemplar);
  return out;
}

inline Pb proto_span(std::int64_t offset, std::int64_t length) {
  return Pb().zigzag_number(1, offset).number(2, length);
}

/// A family with its length in front: a page is some of them in a row.
inline std::string proto_family(std::string_view name, ProtoFamilyType type, const std::vector<Pb>& metrics,
                                std::string_view help = "", std::string_view unit = "") {
  Pb out;
  out.text(1, name);
  if (!help.empty()) out.text(2, help);
  out.number(3, type);
  for (const Pb& metric : metrics) out.message(4, metric);
  if (!unit.empty()) out.text(5, unit);
  return Pb::varint(out.str().size()) + out.str();
}

}  // namespace tocsin::test
