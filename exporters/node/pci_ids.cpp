#include "exporters/node/pci_ids.hpp"

#include <fmt/format.h>

#include "base/strings.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {

void PciIds::read(std::string_view text) {
  bool in_classes = false;
  std::string first, second;  // of the lines without a tab and with one
  while (!text.empty()) {
    std::string_view line = take_line(text);
    const std::size_t tabs = std::min(line.find_first_not_of('\t'), line.size());
    line.remove_prefix(tabs);
    const std::size_t gap = line.find("  ");
    if (gap == std::string_view::npos || line.starts_with('#') || tabs > 2) continue;
    std::string id(trim(line.substr(0, gap)));
    const std::string_view name = trim(line.substr(gap));
    if (tabs == 0) {
      in_classes = id.starts_with("C ");
      first = in_classes ? "C" + id.substr(2) : id;
      second.clear();
      names_.insert_or_assign(first, std::string(name));
    } else if (tabs == 1 && !first.empty()) {
      second = in_classes ? first + id : first + ":" + id;
      names_.insert_or_assign(second, std::string(name));
    } else if (tabs == 2 && !second.empty()) {
      // Of a device, the vendor and the number of the subsystem: "17aa 5095".
      names_.insert_or_assign(in_classes ? second + id : second + ":" + replace_all(std::move(id), " ", ":"),
                              std::string(name));
    }
  }
}

std::string PciIds::device_class(const std::string& id) const {
  for (const std::size_t digits : {6U, 4U, 2U}) {
    const auto found = names_.find("C" + id.substr(0, digits));
    if (found != names_.end()) return found->second;
  }
  return fmt::format("Unknown class ({})", id);
}

std::string PciIds::find(const std::string& key, const std::string& id) const {
  const auto found = names_.find(key);
  return found == names_.end() ? id : found->second;
}

}  // namespace tocsin::exporters::node
