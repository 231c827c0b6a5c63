#pragma once
// One Redis server: the connection that is kept to it, and what is asked at each scrape.

#include <memory>
#include <string>

#include "client/material_source.hpp"
#include "exporters/collector/source.hpp"
#include "exporters/redis/round.hpp"
#include "net/connector.hpp"

namespace tocsin::exporters::redis {

/// What the targets of a source share.
struct Shared {
  explicit Shared(const Services& lent);
  const Services services;
  net::Connector connector;
  std::uint64_t request_errors = 0;  // probes that were refused
};

/// Thread: the loop's; owned by shared_ptr.
class RedisTarget final : public Target, public std::enable_shared_from_this<RedisTarget> {
 public:
  RedisTarget(std::shared_ptr<Shared> shared, Address address, std::shared_ptr<const Options> options);

  net::Task<Result<void>> collect(std::shared_ptr<expo::Page> page, MonoTime deadline) override;

 private:
  using Connected = Result<std::shared_ptr<Client>>;
  struct Plan;
  struct Facts;

  net::Task<Connected> connect(Address to, MonoTime deadline);
  net::Task<Connected> connect_node(std::string address, MonoTime deadline);
  net::Task<Result<Secret>> password(Address to);
  net::Task<Result<std::shared_ptr<const Replies>>> ask_first(std::shared_ptr<Round> round, std::shared_ptr<Plan> plan);
  net::Task<Result<void>> greet(std::shared_ptr<Round> round, Address as);
  net::Task<Result<void>> scrape(std::shared_ptr<Round> round);
  net::Task<Result<void>> ask_cluster(std::shared_ptr<Round> round, std::shared_ptr<Facts> facts);
  net::Task<Result<void>> ask_more(std::shared_ptr<Round> round, std::shared_ptr<Facts> facts);
  net::Task<Result<void>> ask_scripts(std::shared_ptr<Round> round);
  net::Task<void> look_at_rdb_file(std::shared_ptr<Round> round, std::string path);
  static Result<Facts> fill(Round& round, const Replies& replies, const Plan& plan, std::int64_t now_seconds);
  Plan plan_questions(Pipeline& pipeline, const Client& client) const;
  void put_exporter(Round& round, const Result<void>& result, Duration took);

  const std::shared_ptr<Shared> shared_;
  const Address address_;
  const std::shared_ptr<const Options> options_;
  const std::shared_ptr<client::MaterialSource> material_;
  std::shared_ptr<Client> client_;  // kept from round to round
  bool is_up_ = false;              // in this round
  std::string trouble_;             // of this round, with a server that is up
  double connect_seconds_ = 0;      // of the last connection that was made
  double scrapes_ = 0, seconds_ = 0;
};

}  // namespace tocsin::exporters::redis
