#pragma once
// Names of PCI devices, from the file pci.ids that distributions have.

#include <string>
#include <string_view>
#include <unordered_map>

namespace tocsin::exporters::node {

/// Identifiers are lower-case hexadecimal without 0x. A name that is not known is the identifier itself.
class PciIds {
 public:
  /// Lines that make no sense are skipped. Source of the format: the head of pci.ids.
  void read(std::string_view text);

  std::string vendor(const std::string& id) const { return find(id, id); }
  std::string device(const std::string& vendor, const std::string& id) const { return find(vendor + ":" + id, id); }
  std::string subsystem(const std::string& vendor, const std::string& device, const std::string& subsystem_vendor,
                        const std::string& id) const {
    return find(vendor + ":" + device + ":" + subsystem_vendor + ":" + id, id);
  }
  /// Of the most exact part that has a name: interface, subclass, class. @param id  six digits
  std::string device_class(const std::string& id) const;

 private:
  std::string find(const std::string& key, const std::string& id) const;

  std::unordered_map<std::string, std::string> names_;  // "1022", "1022:1634", "1022:1634:17aa:5095", "C010802"
};

}  // namespace tocsin::exporters::node
