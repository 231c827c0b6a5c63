#include "net/tls_connection.hpp"

#include <array>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "net/net_error.hpp"
#include "net/tcp_connection.hpp"
#include "net/watchdog.hpp"

namespace tocsin::net {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

struct TlsContext {
  ssl::context context{ssl::context::tls_client};
  std::string server_name;
  bool verify = true;
};

namespace {

constexpr auto kAwaitTuple = boost::asio::as_tuple(boost::asio::use_awaitable);

class TlsConnection final : public Connection {
 public:
  TlsConnection(StreamSocket socket, std::shared_ptr<TlsContext> context)
      : context_(std::move(context)), stream_(std::move(socket), context_->context) {}

  Task<Result<std::size_t>> read_some(char* out, std::size_t size) override {
    const auto [error, got] = co_await stream_.async_read_some(boost::asio::buffer(out, size), kAwaitTuple);
    if (error == boost::asio::error::eof) co_return std::size_t{0};
    if (error == ssl::error::stream_truncated) co_return fail(Errc::kIo, "unexpected EOF");
    if (error) co_return fail(Errc::kIo, "{}", socket_error_text("read", stream_.next_layer(), error));
    co_return got;
  }

  Task<Result<void>> write(std::string_view first, std::string_view second) override {
    const std::array<boost::asio::const_buffer, 2> buffers{boost::asio::buffer(first), boost::asio::buffer(second)};
    const auto [error, put] = co_await boost::asio::async_write(stream_, buffers, kAwaitTuple);
    written_ += put;
    if (error) co_return fail(Errc::kIo, "{}", socket_error_text("write", stream_.next_layer(), error));
    co_return Result<void>();
  }

  std::uint64_t bytes_written() const override { return written_; }
  bool is_stale() override {
    return !stream_.next_layer().is_open() || !socket_is_quiet(stream_.next_layer().native_handle());
  }
  void abort() override {
    error_code ignored;
    stream_.next_layer().close(ignored);
  }

  ssl::stream<StreamSocket>& stream() { return stream_; }

 private:
  std::shared_ptr<TlsContext> context_;
  ssl::stream<StreamSocket> stream_;
  std::uint64_t written_ = 0;
};

/// In Go's words (crypto/x509), where it has them.
std::string verify_error_text(long result, const std::string& host) {
  switch (result) {
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return "x509: certificate signed by unknown authority";
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "x509: certificate has expired or is not yet valid";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return fmt::format("x509: certificate is not valid for {}", host);
    default:
      return fmt::format("x509: {}", X509_verify_cert_error_string(result));
  }
}

std::string handshake_error_text(const error_code& error, ssl::stream<StreamSocket>& stream, const std::string& host) {
  if (error == boost::asio::error::eof || error == ssl::error::stream_truncated) return "EOF";
  if (error.category() != boost::asio::error::get_ssl_category()) {
    return socket_error_text("read", stream.next_layer(), error);
  }
  const auto code = static_cast<unsigned long>(error.value());
  if (ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    return "tls: failed to verify certificate: " +
           verify_error_text(SSL_get_verify_result(stream.native_handle()), host);
  }
  if (ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER) {
    return "tls: first record does not look like a TLS handshake";
  }
  const char* reason = ERR_reason_error_string(code);
  return fmt::format("remote error: tls: {}", reason != nullptr ? reason : error.message());
}

Result<void> load_certificates(TlsContext& tls, const TlsOptions& options) {
  error_code error;
  if (options.ca_pem.empty()) {
    tls.context.set_default_verify_paths(error);
  } else {
    tls.context.add_certificate_authority(boost::asio::buffer(options.ca_pem), error);
  }
  if (error) return fail(Errc::kInvalid, "unable to use the CA certificates: {}", error.message());
  if (options.cert_pem.empty() && options.key_pem.empty()) return {};
  tls.context.use_certificate_chain(boost::asio::buffer(options.cert_pem), error);
  if (error) return fail(Errc::kInvalid, "unable to use the client certificate: {}", error.message());
  tls.context.use_private_key(boost::asio::buffer(options.key_pem.reveal()), ssl::context::pem, error);
  if (error) return fail(Errc::kInvalid, "unable to use the client key: {}", error.message());
  return {};
}

/// Asks for the name (not for an address, RFC 6066 section 3) and has it verified with the chain.
void expect_server(SSL* stream, const std::string& name, bool verify) {
  error_code is_name;
  boost::asio::ip::make_address(name, is_name);
  if (is_name) SSL_set_tlsext_host_name(stream, name.c_str());
  SSL_set_verify(stream, verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  X509_VERIFY_PARAM* rules = SSL_get0_param(stream);
  X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (is_name) {
    X509_VERIFY_PARAM_set1_host(rules, name.c_str(), name.size());
  } else {
    X509_VERIFY_PARAM_set1_ip_asc(rules, name.c_str());
  }
}

}  // namespace

Result<std::shared_ptr<TlsContext>> make_tls_context(const TlsOptions* options) {
  static const TlsOptions kDefaults;
  if (options == nullptr) options = &kDefaults;
  auto tls = std::make_shared<TlsContext>();
  tls->server_name = options->server_name;
  tls->verify = !options->insecure_skip_verify;
  SSL_CTX_set_min_proto_version(tls->context.native_handle(), TLS1_2_VERSION);
  static constexpr unsigned char kHttp11[] = "\x08http/1.1";
  SSL_CTX_set_alpn_protos(tls->context.native_handle(), kHttp11, sizeof(kHttp11) - 1);
  TOCSIN_OK(load_certificates(*tls, *options));
  return tls;
}

Task<Result<std::unique_ptr<Connection>>> start_tls(TaskLoop& loop, StreamSocket socket,
                                                    std::shared_ptr<TlsContext> context, std::string host,
                                                    MonoTime deadline) {
  const std::string name = context->server_name.empty() ? std::move(host) : context->server_name;
  const bool verify = context->verify;
  auto connection = std::make_unique<TlsConnection>(std::move(socket), std::move(context));
  expect_server(connection->stream().native_handle(), name, verify);
  Watchdog watchdog(loop, [&connection] { connection->abort(); });
  watchdog.set(deadline);
  const auto [error] = co_await connection->stream().async_handshake(ssl::stream_base::client, kAwaitTuple);
  if (watchdog.expired()) co_return fail(Errc::kTimeout, "{}", kDeadlineText);
  if (error) co_return fail(Errc::kIo, "{}", handshake_error_text(error, connection->stream(), name));
  co_return std::unique_ptr<Connection>(std::move(connection));
}

}  // namespace tocsin::net
