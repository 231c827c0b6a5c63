#include "config/checksum.hpp"

#include <memory>

#include <fmt/format.h>
#include <openssl/evp.h>

#include "base/check.hpp"
#include "yaml/node.hpp"

namespace tocsin::config {
namespace {

/// SHA-256 of texts, each with its length, so that none runs into the next.
class Digest {
 public:
  Digest() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    check(context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1, "BUG: no SHA-256");
  }
  void add(std::string_view text) {
    const std::string length = fmt::format("{}:", text.size());
    EVP_DigestUpdate(context_.get(), length.data(), length.size());
    EVP_DigestUpdate(context_.get(), text.data(), text.size());
  }
  std::string take() {
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    EVP_DigestFinal_ex(context_.get(), sum, &size);
    return fmt::format("{:02x}", fmt::join(sum, sum + size, ""));
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

Result<void> add_matches(Fs& fs, const yaml::Node& patterns, std::string_view key, Digest& digest) {
  for (const yaml::Node& pattern : patterns.elements()) {
    TOCSIN_TRY(const std::vector<std::string> files, glob(fs, pattern.beside(pattern.text())));
    for (const std::string& file : files) {
      TOCSIN_TRY(const std::string text, fs.read_file(file));
      digest.add(key);
      digest.add(file);
      digest.add(text);
    }
  }
  return {};
}

}  // namespace

Result<std::string> files_checksum(Fs& fs, const std::string& path, const std::vector<std::string_view>& keys) {
  TOCSIN_TRY(std::string text, fs.read_file(path));
  Digest digest;
  digest.add(text);
  TOCSIN_TRY(const yaml::Node root, yaml::parse(std::move(text), path, yaml::RepeatedKeys::kLeft));
  for (const std::string_view key : keys) TOCSIN_OK(add_matches(fs, root[key], key, digest));
  return digest.take();
}

Result<std::string> prometheus_checksum(Fs& fs, const std::string& path) {
  return files_checksum(fs, path, {"rule_files", "scrape_config_files"});
}

Result<std::string> alertmanager_checksum(Fs& fs, const std::string& path) {
  return files_checksum(fs, path, {"templates"});
}

}  // namespace tocsin::config
