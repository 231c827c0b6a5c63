#include "base/html.hpp"

#include <catch2/catch.hpp>

using namespace tocsin;

TEST_CASE("text is written into HTML and XML so that it is text there") {
  CHECK(html_escaped("a<b> & \"c\" 'd'") == "a&lt;b&gt; &amp; &#34;c&#34; &#39;d&#39;");
  CHECK(html_escaped("&amp;") == "&amp;amp;");
  CHECK(html_escaped("caf\u00e9\n") == "caf\u00e9\n");
  CHECK(html_escaped("").empty());
}
