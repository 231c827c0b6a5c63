// Time zones of the IANA database, by Howard Hinnant's date library.

#include <exception>
#include <string>

#include <date/tz.h>

#include "template/go_time.hpp"

namespace tocsin::tmpl {

namespace {

class IanaZone final : public Zone {
 public:
  explicit IanaZone(const date::time_zone* zone) : zone_(zone) {}
  Info at(std::int64_t unix_seconds) const override {
    try {
      const date::sys_info info = zone_->get_info(date::sys_seconds(std::chrono::seconds(unix_seconds)));
      return Info{static_cast<std::int32_t>(info.offset.count()), info.abbrev};
    } catch (const std::exception&) {
      return Info{0, "UTC"};  // an instant that the library cannot place
    }
  }

 private:
  const date::time_zone* zone_;
};

}  // namespace

Result<std::shared_ptr<const Zone>> load_zone(std::string_view name) {
  if (name.empty() || name == "UTC") return std::shared_ptr<const Zone>();
  try {
    return std::make_shared<IanaZone>(date::locate_zone(name == "Local" ? "UTC" : std::string(name)));
  } catch (const std::exception&) {
    return fail(Errc::kNotFound, "unknown time zone {}", name);
  }
}

}  // namespace tocsin::tmpl
