#include "web/cors.hpp"

#include <re2/re2.h>

namespace tocsin::web {
namespace {

class RegexCors final : public Cors {
 public:
  explicit RegexCors(const std::string& origins)
      : all_(origins == ".*"), origins_(origins, RE2::Options(RE2::CannedOptions::Quiet)) {}

  void apply(std::string_view origin, net::Headers& fields) const override {
    if (origin.empty()) return;
    fields.set("Access-Control-Allow-Headers", "Accept, Authorization, Content-Type, Origin");
    fields.set("Access-Control-Allow-Methods", "GET, POST, OPTIONS");
    fields.set("Access-Control-Expose-Headers", "Date");
    fields.add("Vary", "Origin");
    if (all_) {
      fields.set("Access-Control-Allow-Origin", "*");
    } else if (RE2::FullMatch(re2::StringPiece(origin.data(), origin.size()), origins_)) {
      fields.set("Access-Control-Allow-Origin", origin);
    }
  }

  const RE2& origins() const { return origins_; }

 private:
  const bool all_;
  const RE2 origins_;
};

}  // namespace

Result<std::shared_ptr<const Cors>> Cors::compile(const std::string& origins) {
  auto cors = std::make_shared<RegexCors>(origins);
  if (!cors->origins().ok()) {
    return fail(Errc::kInvalid, "could not compile CORS regex string \"{}\": {}", origins, cors->origins().error());
  }
  return cors;
}

}  // namespace tocsin::web
