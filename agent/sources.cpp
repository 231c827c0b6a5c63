#include "agent/sources.hpp"

#include <vector>

#include "exporters/elasticsearch/elasticsearch.hpp"
#include "exporters/memcached/memcached.hpp"
#include "exporters/mysql/source.hpp"
#include "exporters/nginx/nginx.hpp"
#include "exporters/postgres/postgres.hpp"
#include "exporters/rabbitmq/rabbitmq.hpp"
#include "exporters/redis/source.hpp"

namespace tocsin::agent {

std::span<const exporters::SourceInfo> known_sources() {
  // A kind is a folder: exporters/redis has exporters::redis::source_info().
  static const std::vector<exporters::SourceInfo> sources{
      exporters::elasticsearch::source_info(), exporters::memcached::source_info(), exporters::mysql::source_info(),
      exporters::nginx::source_info(),         exporters::postgres::source_info(),  exporters::rabbitmq::source_info(),
      exporters::redis::source_info()};
  return sources;
}

}  // namespace tocsin::agent
