#include "net/tls_verify.hpp"

#include <ctime>
#include <vector>

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>
#include <openssl/x509v3.h>

#include "base/check.hpp"
#include "base/clock.hpp"
#include "base/strings.hpp"
#include "net/openssl_ptr.hpp"

namespace tocsin::net {
namespace {

constexpr int kTimeRank = 0, kNameRank = 1, kOtherRank = 2;
constexpr std::size_t kMaxNames = 100;  // Go's

bool is_address(const std::string& name) {
  boost::system::error_code is_name;
  boost::asio::ip::make_address(name, is_name);
  return !is_name;
}

std::string time_text(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return "?";
  return format_rfc3339(static_cast<std::int64_t>(timegm(&parts)) * 1000);
}

std::string time_error(const X509* certificate, int error) {
  const bool before = error == X509_V_ERR_CERT_NOT_YET_VALID;
  const ASN1_TIME* limit = before ? X509_get0_notBefore(certificate) : X509_get0_notAfter(certificate);
  return fmt::format("x509: certificate has expired or is not yet valid: current time {} is {} {}",
                     format_rfc3339(system_clock().now() / 1000 * 1000), before ? "before" : "after", time_text(limit));
}

std::string address_text(const ASN1_OCTET_STRING* bytes) {
  using namespace boost::asio::ip;
  const unsigned char* data = ASN1_STRING_get0_data(bytes);
  if (ASN1_STRING_length(bytes) == 4) {
    return make_address_v4(address_v4::bytes_type{data[0], data[1], data[2], data[3]}).to_string();
  }
  if (ASN1_STRING_length(bytes) != 16) return "?";
  address_v6::bytes_type v6;
  std::copy(data, data + v6.size(), v6.begin());
  return make_address_v6(v6).to_string();
}

/// The names, or the addresses, that the certificate is for.
std::vector<std::string> alternatives(const X509* certificate, bool addresses) {
  using Names = std::unique_ptr<GENERAL_NAMES, OpensslFree<GENERAL_NAMES_free>>;
  const Names names(static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> out;
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (addresses && name->type == GEN_IPADD) out.push_back(address_text(name->d.iPAddress));
    if (!addresses && name->type == GEN_DNS) {
      const auto* text = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
      out.emplace_back(text, static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
    }
  }
  return out;
}

/// Source: Go crypto/x509, HostnameError.
std::string name_error(const X509* certificate, const std::string& host) {
  const bool address = is_address(host);
  const std::vector<std::string> valid = alternatives(certificate, address);
  if (valid.empty() && address) {
    return fmt::format("x509: cannot validate certificate for {} because it doesn't contain any IP SANs", host);
  }
  if (valid.empty() && X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1) < 0 &&
      X509_check_host(const_cast<X509*>(certificate), host.data(), host.size(), 0, nullptr) == 1) {
    return "x509: certificate relies on legacy Common Name field, use SANs instead";
  }
  if (valid.empty()) {
    return fmt::format("x509: certificate is not valid for any names, but wanted to match {}", host);
  }
  if (valid.size() >= kMaxNames) {
    return fmt::format("x509: certificate is valid for {} names, but none matched {}", valid.size(), host);
  }
  return fmt::format("x509: certificate is valid for {}, not {}", fmt::join(valid, ", "), host);
}

/// What one connection expects of its server.
struct Expectation {
  std::string name;
  bool verify;
  TlsVerdict* verdict;
};

int slot() {
  static const int index = SSL_get_ex_new_index(
      0, nullptr, nullptr, nullptr,
      [](void*, void* held, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<Expectation*>(held); });
  return index;
}

Expectation& expectation_of(X509_STORE_CTX* store) {
  auto* tls = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* expected = static_cast<Expectation*>(SSL_get_ex_data(tls, slot()));
  check(expected != nullptr, "BUG: a TLS connection that expects nobody");
  return *expected;
}

TlsVerdict judge(X509_STORE_CTX* store, const std::string& host) {
  const int error = X509_STORE_CTX_get_error(store);
  const X509* certificate = X509_STORE_CTX_get_current_cert(store);
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return {time_error(certificate, error), X509_STORE_CTX_get_error_depth(store) == 0 ? kTimeRank : kOtherRank};
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return {name_error(X509_STORE_CTX_get0_cert(store), host), kNameRank};
    case X509_V_ERR_INVALID_PURPOSE:
      return {"x509: certificate specifies an incompatible key usage", kOtherRank};
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_INVALID_CA:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return {"x509: certificate signed by unknown authority", kOtherRank};
    default:
      return {fmt::format("x509: {}", X509_verify_cert_error_string(error)), kOtherRank};
  }
}

/// OpenSSL tells all that is wrong; what Go would have told is kept.
int note_error(int ok, X509_STORE_CTX* store) {
  if (ok == 1) return 1;
  const Expectation& expected = expectation_of(store);
  TlsVerdict verdict = judge(store, expected.name);
  if (expected.verdict->text.empty() || verdict.rank < expected.verdict->rank) *expected.verdict = std::move(verdict);
  return 1;
}

int verify(X509_STORE_CTX* store, void*) {
  const Expectation& expected = expectation_of(store);
  if (!expected.verify) return 1;
  TlsVerdict& verdict = *expected.verdict;
  verdict = {};
  X509_STORE_CTX_set_verify_cb(store, note_error);
  const bool verified = X509_verify_cert(store) == 1;
  if (!verified && verdict.text.empty()) verdict.text = "x509: certificate signed by unknown authority";
  // What note_error() let pass is forgotten by OpenSSL; the alert that the server gets depends on it.
  if (verdict.text.empty()) return 1;
  X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
  return 0;
}

}  // namespace

void verify_as_go(SSL_CTX* context) {
  SSL_CTX_set_cert_verify_callback(context, verify, nullptr);
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
}

void expect_server(SSL* tls, const std::string& name, bool verify_it, TlsVerdict* verdict) {
  const bool address = is_address(name);
  if (!address) SSL_set_tlsext_host_name(tls, name.c_str());
  SSL_set_ex_data(tls, slot(), new Expectation{name, verify_it, verdict});
  SSL_set_verify(tls, verify_it ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (!verify_it) return;
  X509_VERIFY_PARAM* rules = SSL_get0_param(tls);
  X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  if (address) {
    X509_VERIFY_PARAM_set1_ip_asc(rules, name.c_str());
  } else {
    X509_VERIFY_PARAM_set1_host(rules, name.c_str(), name.size());
  }
}

}  // namespace tocsin::net
