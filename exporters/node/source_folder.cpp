#include "exporters/node/source_folder.hpp"

namespace tocsin::exporters::node {

Result<std::vector<std::string>> SourceFolder::list() {
  if (listing_ != nullptr) {
    if (auto names = listing_->names()) return names;
    listing_ = nullptr;  // removed, and maybe made anew
    open_.reset();
  }
  if (absent_ && !fs_.exists(path_)) return fail(Error(*absent_));
  absent_.reset();
  if (auto folder = fs_.open_random(path_ + "/")) {
    open_ = std::move(*folder);
    listing_ = dynamic_cast<const SystemFile*>(open_.get());
    if (listing_ != nullptr) {
      if (auto names = listing_->names()) return names;
      listing_ = nullptr;
    }
    open_.reset();
  }
  auto names = fs_.list(path_);
  if (!names && names.error().code == Errc::kNotFound) absent_ = names.error();
  return names;
}

}  // namespace tocsin::exporters::node
