#pragma once
// Reads a page with the parser of a format and with its naive twin and says where they differ.

#include <bit>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "expo/format.hpp"
#include "support/naive_expo.hpp"
#include "support/naive_openmetrics.hpp"

namespace tocsin::test {

inline std::string row_text(const NaiveRow& row) {
  std::string out = fmt::format("{} {} {}", static_cast<int>(row.kind), row.name, row.text);
  if (row.kind != NaiveRow::kSeries) return out;
  out += fmt::format(" {:x}", std::bit_cast<std::uint64_t>(row.value));
  if (row.timestamp) out += fmt::format(" at {}", *row.timestamp);
  for (const auto& [name, value] : row.labels) out += fmt::format(" {}={}", name, value);
  if (!row.exemplar) return out;
  out += fmt::format(" # {:x}", std::bit_cast<std::uint64_t>(row.exemplar->value));
  if (row.exemplar->timestamp) out += fmt::format(" at {}", *row.exemplar->timestamp);
  for (const auto& [name, value] : row.exemplar->labels) out += fmt::format(" {}={}", name, value);
  return out;
}

inline NaiveRow copy_row(expo::Parser& parser, const expo::Row& row) {
  NaiveRow out;
  out.name = row.name;
  out.text = row.text;
  switch (row.kind) {
    case expo::RowKind::kHelp:
      out.kind = NaiveRow::kHelp;
      break;
    case expo::RowKind::kType:
      out.kind = NaiveRow::kType;
      break;
    case expo::RowKind::kUnit:
      out.kind = NaiveRow::kUnit;
      break;
    case expo::RowKind::kComment:
      out.kind = NaiveRow::kComment;
      out.name.clear();
      break;
    default: {
      out.kind = NaiveRow::kSeries;
      out.name.clear();
      out.text = row.series;
      out.value = row.value;
      if (row.has_timestamp) out.timestamp = row.timestamp;
      std::vector<model::LabelView> labels;
      const auto code = parser.labels(row, labels);
      for (const auto& label : labels) out.labels.emplace_back(label.name, label.value);
      if (code == expo::ParseErrc::kDuplicateLabel) out.labels.emplace_back("duplicate", "");
      if (!row.exemplar.labels.empty()) {
        NaiveRow::Exemplar exemplar;
        exemplar.value = row.exemplar.value;
        if (row.exemplar.has_timestamp) exemplar.timestamp = row.exemplar.timestamp;
        parser.exemplar_labels(row.exemplar, labels);
        for (const auto& label : labels) exemplar.labels.emplace_back(label.name, label.value);
        out.exemplar = std::move(exemplar);
      }
    }
  }
  return out;
}

/// The rows of a page by the parser; with `known` (series texts), each is tried at each row first.
inline NaivePage read_page(std::string_view page, const std::vector<std::string>* known = nullptr,
                           expo::PageFormat format = expo::PageFormat::kText) {
  const auto made = expo::make_parser(format, page);
  expo::Parser& parser = *made;
  expo::Row row;
  NaivePage out;
  for (std::size_t i = 0;; ++i) {
    bool taken = false;
    if (known != nullptr && !known->empty()) {
      const std::string_view text = (*known)[i % known->size()];
      const std::size_t cut = text.size() / 2;
      taken = parser.next_known(text.substr(0, cut), text.substr(cut), row);
    }
    if (!taken) parser.next(row);
    if (row.kind == expo::RowKind::kEnd) return out;
    if (row.kind == expo::RowKind::kError) {
      out.valid = false;
      return out;
    }
    out.rows.push_back(copy_row(parser, row));
  }
}

/// "" if the two pages are the same. The first may hold duplicate labels in another order.
inline std::string difference(NaivePage fast, NaivePage naive) {
  if (fast.valid != naive.valid) return fmt::format("accepted: parser {}, twin {}", fast.valid, naive.valid);
  if (fast.rows.size() != naive.rows.size()) {
    return fmt::format("rows: parser {}, twin {}", fast.rows.size(), naive.rows.size());
  }
  for (std::size_t i = 0; i < fast.rows.size(); ++i) {
    NaiveRow& a = fast.rows[i];
    NaiveRow& b = naive.rows[i];
    const bool twice = std::adjacent_find(b.labels.begin(), b.labels.end(), [](const auto& x, const auto& y) {
                         return x.first == y.first;
                       }) != b.labels.end();
    const bool said_twice = !a.labels.empty() && a.labels.back().first == "duplicate" && a.labels.back().second.empty();
    if (twice != said_twice && a.kind == NaiveRow::kSeries) return fmt::format("duplicate label in row {}", i);
    if (twice) {
      a.labels.clear();
      b.labels.clear();
    }
    if (row_text(a) != row_text(b)) {
      return fmt::format("row {}:\n  parser {}\n  twin   {}", i, row_text(a), row_text(b));
    }
  }
  return "";
}

/// Compares the parser, plainly and with the page's own series texts tried first, with its twin.
inline std::string compare_readers(std::string_view page, expo::PageFormat format = expo::PageFormat::kText) {
  const NaivePage naive = format == expo::PageFormat::kText ? NaiveExpo::read(page) : NaiveOpenMetrics::read(page);
  if (std::string text = difference(read_page(page, nullptr, format), naive); !text.empty()) return text;
  std::vector<std::string> known;
  for (const NaiveRow& row : naive.rows) {
    if (row.kind == NaiveRow::kSeries) known.push_back(row.text);
  }
  std::string text = difference(read_page(page, &known, format), naive);
  return text.empty() ? text : "next_known: " + text;
}

}  // namespace tocsin::test
