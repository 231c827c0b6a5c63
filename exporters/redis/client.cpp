#include "exporters/redis/client.hpp"

#include <iterator>

namespace tocsin::exporters::redis {

std::size_t Pipeline::add(std::span<const std::string_view> words) {
  fmt::format_to(std::back_inserter(bytes_), "*{}\r\n", words.size());
  for (const std::string_view word : words) {
    fmt::format_to(std::back_inserter(bytes_), "${}\r\n{}\r\n", word.size(), word);
  }
  return count_++;
}

net::Task<Result<std::shared_ptr<const Replies>>> Client::ask(Pipeline pipeline, MonoTime deadline) {
  auto replies = std::make_shared<Replies>(pipeline.size());
  if (pipeline.empty()) co_return replies;
  asking_ = true;
  TOCSIN_CO_OK(co_await stream_.write(pipeline.take_bytes(), deadline));
  while (!replies->done()) {
    TOCSIN_CO_TRY(const std::string_view bytes, co_await stream_.read(deadline));
    TOCSIN_CO_OK(replies->feed(bytes));
  }
  asking_ = false;
  co_return replies;
}

}  // namespace tocsin::exporters::redis
