#pragma once
// What the pages of one target say of their families, made anew only when it changed.
//
// While a page is read, each line of metadata goes into a hash; when the page is done and the hash is that of the last
// page, that is all. Else the page is read a second time for its metadata alone. A family that is missing is kept for
// ten pages, as Prometheus does (scrape/scrape.go, scrapeCache.iterDone), and a field that is missing keeps its value.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "expo/format.hpp"
#include "scrape/metadata.hpp"

namespace tocsin::scrape {

/// Thread: that of the scrape that is under way. Lives as long as the target.
class PageMetadata {
 public:
  /// Greatest number of bytes that are kept of one target, some 200 of them for each family beside its texts; families
  /// beyond are left out.
  static constexpr std::size_t kMaxBytes = 4U << 20U;

  /// A page begins.
  void begin() { hash_ = 0; }
  /// A row of HELP, TYPE or UNIT.
  void see(const expo::Row& row);
  /// The page was good. @return the metadata if it changed, else nullptr.
  MetadataPtr end(std::string_view page, expo::PageFormat format);

 private:
  struct Family {
    MetricMetadata metadata;
    std::uint64_t last_page = 0;  // when it was seen last; read_page_ also stands for all pages since
  };
  void read(std::string_view page, expo::PageFormat format);
  /// Forgets what has been missing for too long. @return whether there was any.
  bool forget();
  MetadataPtr publish() const;

  std::map<std::string, Family, std::less<>> families_;  // by name
  std::size_t bytes_ = 0;                                // as kMaxBytes counts them
  std::size_t missing_ = 0;                              // families that the last page lacked
  std::uint64_t pages_ = 0;                              // good ones so far
  std::uint64_t read_page_ = 0;                          // the last one that was read for its metadata
  std::uint64_t hash_ = 0, last_hash_ = 0;
};

}  // namespace tocsin::scrape
