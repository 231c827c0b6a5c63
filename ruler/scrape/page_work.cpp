#include "scrape/page_work.hpp"

#include <utility>

#include "scrape/request.hpp"

namespace tocsin::scrape {

void PageWork::expect_page(std::string content_type) {
  content_type_ = std::move(content_type);
}

void PageWork::read_body() {
  if (!body_.failure().empty()) {
    if (body_.failure() == kBodySizeLimitError) input_.body_bytes = -1;
    fail(body_.failure());
    return;
  }
  page_bytes_ = body_.page().size();
  input_.body_bytes = static_cast<double>(page_bytes_);
  // Nobody asks what kind of page an empty one is. Source: Prometheus scrape/scrape.go, append.
  if (page_bytes_ == 0) return;
  if (auto format = page_format(*input_.rules->config, *content_type_)) {
    input_.format = *format;
    input_.page = std::move(body_.page());
  } else {
    input_.error = std::move(format.error().message);
  }
}

std::optional<ScrapeOutcome> PageWork::step(TargetIngest& ingest, storage::Appendable& storage, Clock& clock,
                                            bool heavy) {
  if (content_type_) {
    if (!body_.unpack(kHeavyBytes)) return std::nullopt;
    read_body();
    content_type_.reset();
  }
  if (!heavy && input_.page.size() > kHeavyBytes) return std::nullopt;
  ScrapeOutcome outcome = ingest.scrape(input_, storage, clock);
  input_.page = {};
  body_.release();
  return outcome;
}

}  // namespace tocsin::scrape
