#pragma once
// One Elasticsearch or OpenSearch cluster, asked through one of its nodes.

#include <memory>
#include <vector>

#include "exporters/collector/source.hpp"
#include "exporters/elasticsearch/options.hpp"
#include "exporters/elasticsearch/steps.hpp"

namespace tocsin::exporters::elasticsearch {

/// Asks for its documents one after the other; parses each on a work lane. The first document that cannot be had is
/// the reason of the failure; the others are asked for nevertheless, unless the node does not answer at all.
class ElasticsearchTarget final : public Target, public std::enable_shared_from_this<ElasticsearchTarget> {
 public:
  ElasticsearchTarget(TargetOptions options, const Services& services);
  net::Task<Result<void>> collect(std::shared_ptr<expo::Page> page, MonoTime deadline) override;

 private:
  net::Task<Result<std::string>> get(std::string path, MonoTime deadline);
  net::Task<Result<void>> run(Step* step, std::shared_ptr<expo::Page> page, MonoTime deadline);
  net::Task<Result<void>> ask_snapshots(std::shared_ptr<expo::Page> page, MonoTime deadline);
  void put_cluster_info_outcome(expo::Page& page, bool success);

  const TargetOptions options_;
  const Services services_;
  const std::shared_ptr<net::HttpClient> client_;
  std::vector<Step> steps_;
  Step snapshots_;  // its paths are known only when it is asked
  std::string cluster_ = "unknown_cluster";
  Timestamp info_at_ = 0;  // when the cluster last said its name
};

}  // namespace tocsin::exporters::elasticsearch
