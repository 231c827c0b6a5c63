#include "config/cloud_auth.hpp"

#include <algorithm>

#include "base/secret.hpp"
#include "config/values.hpp"

namespace tocsin::config {
namespace {

using yaml::Fields;
using yaml::Node;

/// A map of texts and switches; null counts as an empty one.
Result<void> read_keys(const Node& node, std::string_view type, const std::vector<std::string_view>& texts,
                       const std::vector<std::string_view>& switches = {}) {
  Fields fields(node, std::string(type));
  for (const std::string_view key : texts) {
    std::string text;
    fields.read(key, text);
  }
  for (const std::string_view key : switches) {
    bool on = false;
    fields.read(key, on);
  }
  return fields.finish();
}

/// 32 hexadecimal digits, with dashes after 8, 12, 16 and 20, or without. Source: google/uuid, Parse.
bool is_uuid(std::string_view text) {
  if (text.starts_with("urn:uuid:")) text.remove_prefix(9);
  if (text.size() == 38) text = text.substr(1, 36);  // any braces
  const bool dashes = text.size() == 36;
  if (!dashes && text.size() != 32) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = dashes && (i == 8 || i == 13 || i == 18 || i == 23);
    if (dash ? text[i] != '-' : !std::string_view("0123456789abcdefABCDEF").contains(text[i])) return false;
  }
  return true;
}

/// client_id and tenant_id of one way to get a token.
struct AzureMethod {
  std::string_view key, name;
  std::string_view type;
  bool needs_client, needs_tenant, tenant_is_uuid;
  std::vector<std::string_view> texts, switches;
};

const AzureMethod kMethods[] = {
    {"managed_identity", "Managed Identity", "azuread.ManagedIdentityConfig", false, false, false, {"client_id"}, {}},
    {"workload_identity",
     "Workload Identity",
     "azuread.WorkloadIdentityConfig",
     true,
     true,
     true,
     {"client_id", "tenant_id", "token_file_path"},
     {}},
    {"oauth", "OAuth", "azuread.OAuthConfig", true, true, false, {"client_id", "client_secret", "tenant_id"}, {}},
    {"sdk", "SDK", "azuread.SDKConfig", false, false, false, {"tenant_id"}, {}},
    {"certificate",
     "Certificate",
     "azuread.CertificateConfig",
     true,
     true,
     false,
     {"client_id", "tenant_id", "certificate_path", "certificate_key_path", "certificate_password"},
     {"send_certificate_chain"}},
};

std::unexpected<Error> azure_missing(const Node& node, std::string_view name, std::string_view key) {
  return node.error("must provide an Azure {} {} in the Azure AD config", name, key);
}

Result<void> check_method(const Node& node, const AzureMethod& method) {
  if (method.needs_client && !has_text(node, "client_id")) return azure_missing(node, method.name, "client_id");
  if (method.key == "oauth" && !has_text(node, "client_secret")) {
    return azure_missing(node, method.name, "client_secret");
  }
  if (method.needs_tenant && !has_text(node, "tenant_id")) return azure_missing(node, method.name, "tenant_id");
  if (method.key == "certificate" && !has_text(node, "certificate_path")) {
    return azure_missing(node, method.name, "certificate_path");
  }
  if (has_text(node, "client_id") && !is_uuid(node["client_id"].text())) {
    return node["client_id"].error("the provided Azure {} client_id is invalid", method.name);
  }
  if (method.tenant_is_uuid && !is_uuid(node["tenant_id"].text())) {
    return node["tenant_id"].error("the provided Azure {} tenant_id is invalid", method.name);
  }
  return {};
}

}  // namespace

Result<void> check_sigv4(const Node& node) {
  TOCSIN_OK(read_keys(node, "sigv4.plain",
                      {"region", "access_key", "secret_key", "profile", "role_arn", "external_id", "service"},
                      {"use_fips_sts_endpoint"}));
  if (has_text(node, "access_key") != has_text(node, "secret_key")) {
    return node.error(
        "must provide a AWS SigV4 Access key and Secret Key if credentials are specified in the SigV4 config");
  }
  return {};
}

Result<void> check_azuread(const Node& node) {
  Fields fields(node, "azuread.plain");
  std::string cloud;
  std::string scope;
  fields.read("cloud", cloud).read("scope", scope);
  int methods = 0;
  for (const AzureMethod& method : kMethods) {
    fields.child(method.key, [&](const Node& n) {
      ++methods;
      return read_keys(n, method.type, method.texts, method.switches);
    });
  }
  TOCSIN_OK(fields.finish());
  if (!cloud.empty() && cloud != "AzureChina" && cloud != "AzureGovernment" && cloud != "AzurePublic") {
    return node["cloud"].error("must provide a cloud in the Azure AD config");
  }
  if (methods == 0) {
    return node.error(
        "must provide an Azure Managed Identity, Azure Workload Identity, Azure OAuth, Azure Certificate or Azure SDK "
        "in the Azure AD config");
  }
  if (methods > 1) return node.error("cannot provide multiple authentication methods in the Azure AD config");
  for (const AzureMethod& method : kMethods) {
    if (fields.has(method.key)) return check_method(node[method.key], method);
  }
  return {};
}

Result<void> check_google_iam(const Node& node) {
  return read_keys(node, "googleiam.Config", {"credentials_file"});
}

}  // namespace tocsin::config
