#include "promql/functions.hpp"
#include "promql/label_ops.hpp"

namespace tocsin::promql {

bool remove_histograms(Column& column) {
  if (!column.has_histograms()) return true;
  for (std::size_t i = column.begin; i < column.end; ++i) {
    if (column.is_histogram(i)) column.present[i] = 0;
  }
  column.histograms.clear();
  return column.trim();
}

bool shows_histograms(const Column& column) {
  for (std::size_t i = column.begin; i < column.end && column.has_histograms(); ++i) {
    if (column.present[i] != 0 && column.is_histogram(i)) return true;
  }
  return false;
}

void drop_metadata(const QueryContext& context, Column& column) {
  if (context.settings().delayed_name_removal) {
    column.drop_name = true;
  } else {
    column.labels = without_metadata(column.labels);
  }
}

Result<bool> FloatOperator::next(Column& out) {
  if (!prepared_) {
    TOCSIN_OK(prepare());
    prepared_ = true;
  }
  for (;;) {
    TOCSIN_TRY(const bool more, input_->next(out));
    if (!more) return false;
    TOCSIN_OK(context_.spend(out.span()));
    if (!remove_histograms(out)) continue;
    transform(out);
    if (!out.trim()) continue;
    drop_metadata(context_, out);
    TOCSIN_OK(guard_.admit(out));
    return true;
  }
}

}  // namespace tocsin::promql
