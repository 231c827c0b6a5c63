#pragma once
// Addresses as templates trim them. Source: Go net.SplitHostPort, Prometheus template/template.go.

#include <string>
#include <string_view>

namespace tocsin::tmpl {

/// net.SplitHostPort: false if the text is not host:port ("[::1]:80", "a:80", ":80").
bool split_host_port(std::string_view text, std::string& host, std::string& port);
/// IPv4 or IPv6, without a zone.
bool is_ip(std::string_view text);
/// The host of host:port; anything else as it is.
std::string strip_port(std::string_view host_port);
/// "foo.example.com:80" gives "foo:80"; addresses stay as they are.
std::string strip_domain(std::string_view host_port);

}  // namespace tocsin::tmpl
