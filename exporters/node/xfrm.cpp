// Packets that IPsec refused, by reason, from /proc/net/xfrm_stat.
// Source of what they mean: Documentation/networking/xfrm_proc.rst of Linux.

#include <algorithm>

#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

struct Metric {
  std::string_view key, name, help;
};
constexpr Metric kMetrics[] = {
    {"XfrmInError", "in_error", "All errors not matched by other"},
    {"XfrmInBufferError", "in_buffer_error", "No buffer is left"},
    {"XfrmInHdrError", "in_hdr_error", "Header error"},
    {"XfrmInNoStates", "in_no_states",
     "No state is found i.e. Either inbound SPI, address, or IPsec protocol at SA is wrong"},
    {"XfrmInStateProtoError", "in_state_proto_error", "Transformation protocol specific error e.g. SA key is wrong"},
    {"XfrmInStateModeError", "in_state_mode_error", "Transformation mode specific error"},
    {"XfrmInStateSeqError", "in_state_seq_error", "Sequence error i.e. Sequence number is out of window"},
    {"XfrmInStateExpired", "in_state_expired", "State is expired"},
    {"XfrmInStateMismatch", "in_state_mismatch", "State has mismatch option e.g. UDP encapsulation type is mismatch"},
    {"XfrmInStateInvalid", "in_state_invalid", "State is invalid"},
    {"XfrmInTmplMismatch", "in_tmpl_mismatch",
     "No matching template for states e.g. Inbound SAs are correct but SP rule is wrong"},
    {"XfrmInNoPols", "in_no_pols", "No policy is found for states e.g. Inbound SAs are correct but no SP is found"},
    {"XfrmInPolBlock", "in_pol_block", "Policy discards"},
    {"XfrmInPolError", "in_pol_error", "Policy error"},
    {"XfrmOutError", "out_error", "All errors which is not matched others"},
    {"XfrmOutBundleGenError", "out_bundle_gen_error", "Bundle generation error"},
    {"XfrmOutBundleCheckError", "out_bundle_check_error", "Bundle check error"},
    {"XfrmOutNoStates", "out_no_states", "No state is found"},
    {"XfrmOutStateProtoError", "out_state_proto_error", "Transformation protocol specific error"},
    {"XfrmOutStateModeError", "out_state_mode_error", "Transformation mode specific error"},
    {"XfrmOutStateSeqError", "out_state_seq_error", "Sequence error i.e. Sequence number overflow"},
    {"XfrmOutStateExpired", "out_state_expired", "State is expired"},
    {"XfrmOutPolBlock", "out_pol_block", "Policy discards"},
    {"XfrmOutPolDead", "out_pol_dead", "Policy is dead"},
    {"XfrmOutPolError", "out_pol_error", "Policy error"},
    {"XfrmFwdHdrError", "fwd_hdr_error", "Forward routing of a packet is not allowed"},
    {"XfrmOutStateInvalid", "out_state_invalid", "State is invalid, perhaps expired"},
    {"XfrmAcquireError", "acquire_error", "State hasn’t been fully acquired before use"},
};

class Xfrm final : public Collector {
 public:
  explicit Xfrm(const NodeContext& context) : file_(context.fs, context.proc("net/xfrm_stat")) {}
  std::string_view name() const override { return "xfrm"; }

  /// A counter that this kernel does not have is 0.
  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(std::string_view text, or_no_data(file_.read()));
    std::array<std::uint64_t, std::size(kMetrics)> values{};
    while (!text.empty()) {
      std::string_view line = take_line(text);
      const std::string_view key = next_word(line), digits = next_word(line);
      if (key.empty()) continue;
      std::uint64_t value = 0;
      if (!to_number(digits, value)) return fail(Errc::kCorrupt, "{}: {} no number: \"{}\"", file_.path(), key, digits);
      const auto* const found = std::ranges::find(kMetrics, key, &Metric::key);
      if (found != std::end(kMetrics)) values[static_cast<std::size_t>(found - std::begin(kMetrics))] = value;
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
      page.family(fmt::format("node_xfrm_{}_packets_total", kMetrics[i].name), kMetrics[i].help,
                  model::MetricType::kCounter)
          .put(static_cast<double>(values[i]));
    }
    return {};
  }

 private:
  SourceFile file_;
};

}  // namespace

MadeCollector make_xfrm(const NodeContext& context) {
  return std::make_unique<Xfrm>(context);
}

}  // namespace tocsin::exporters::node
