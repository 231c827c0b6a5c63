#include "notify/mail_message.hpp"

#include <catch2/catch.hpp>

namespace tocsin::notify {
namespace {

std::string addresses(std::string_view list) {
  const auto parsed = parse_mail_addresses(list);
  if (!parsed) return parsed.error().message;
  std::string out;
  for (const std::string& one : *parsed) out += (out.empty() ? "" : "|") + one;
  return out;
}

}  // namespace

TEST_CASE("a mail's header has encoded words where ASCII does not do", "[notify]") {
  CHECK(encode_mail_word("[FIRING:1] Plain (a b)") == "[FIRING:1] Plain (a b)");
  CHECK(encode_mail_word("Größe = 5?_") == "=?utf-8?q?Gr=C3=B6=C3=9Fe_=3D_5=3F=5F?=");
  // Nobody adds a header field by a label.
  CHECK(encode_mail_word("a\r\nBcc: x@y") == "=?utf-8?q?a=0D=0ABcc:_x@y?=");
  // A word has at most 75 characters, and characters stay whole.
  CHECK(encode_mail_word("ääääääääääää") ==
        "=?utf-8?q?=C3=A4=C3=A4=C3=A4=C3=A4=C3=A4=C3=A4=C3=A4=C3=A4=C3=A4=C3=A4?= =?utf-8?q?=C3=A4=C3=A4?=");
}

TEST_CASE("quoted-printable keeps every byte in lines of 76", "[notify]") {
  CHECK(quoted_printable("a=b\nc\r\nd") == "a=3Db\r\nc\r\nd");
  CHECK(quoted_printable("é\t\n") == "=C3=A9=09\r\n");
  CHECK(quoted_printable("ends in blanks  ") == "ends in blanks =20");
  CHECK(quoted_printable("lone \r return") == "lone =0D return");
  const std::string line(75, 'x');
  CHECK(quoted_printable(line) == line);
  CHECK(quoted_printable(line + "yz") == line + "=\r\nyz");
  CHECK(quoted_printable(line + " ") == line + "=\r\n=20");
  CHECK(quoted_printable(std::string(73, 'x') + "=") == std::string(73, 'x') + "=\r\n=3D");
  CHECK(quoted_printable("") == "");
}

TEST_CASE("lists of mail addresses give the addresses", "[notify]") {
  CHECK(addresses("a@b") == "a@b");
  CHECK(addresses(" Ops <ops@example.com> , second@example.com ,") == "ops@example.com|second@example.com");
  CHECK(addresses("\"Last, First\" <a.b+c@d.e>, <x@y>") == "a.b+c@d.e|x@y");
  CHECK(addresses("a@b (the first), \"odd name\"@[10.0.0.1]") == "a@b|\"odd name\"@[10.0.0.1]");
  CHECK(addresses("Jürgen Müller <j@müller.example>") == "j@müller.example");
  CHECK(addresses("") == "mail: no address");
  CHECK(addresses("  ") == "mail: no address");
  CHECK(addresses("nobody") == "mail: missing '@' or angle-addr");
  CHECK(addresses("a@b c@d") == "mail: missing '@' or angle-addr");
  CHECK(addresses("Ops <a@b") == "mail: unclosed angle-addr");
  CHECK(addresses("Ops <a@>") == "mail: no domain in addr-spec");
  CHECK(addresses("\"open <a@b>") == "mail: unclosed quoted-string");
  CHECK(addresses("a..b@c") == "mail: missing '@' or angle-addr");
  CHECK(addresses("<a@b\r\nRCPT TO:<c@d>>") == "mail: unclosed angle-addr");
  CHECK(addresses("x <a@b> y") == "mail: expected comma");
}

TEST_CASE("a mail is a header and its alternatives", "[notify]") {
  CHECK(
      mail_message({{"From", "A <a@b>"}, {"Subject", "é"}},
                   {{"text/plain; charset=UTF-8", "hi\n"}, {"text/html; charset=UTF-8", "<b>hi</b>"}}, "BB") ==
      "From: A <a@b>\r\nSubject: =?utf-8?q?=C3=A9?=\r\n"
      "Content-Type: multipart/alternative; boundary=BB\r\nMIME-Version: 1.0\r\n\r\n"
      "--BB\r\nContent-Transfer-Encoding: quoted-printable\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\nhi\r\n\r\n"
      "--BB\r\nContent-Transfer-Encoding: quoted-printable\r\nContent-Type: text/html; charset=UTF-8\r\n\r\n"
      "<b>hi</b>\r\n--BB--\r\n");
}

}  // namespace tocsin::notify
