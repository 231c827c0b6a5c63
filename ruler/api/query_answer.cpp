#include "api/query_answer.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "api/envelope.hpp"
#include "api/query_json.hpp"
#include "net/gzip.hpp"

namespace tocsin::api {
namespace {

/// What is longer than the first is sent in pieces: each is a change of threads, and waits in memory until it is sent.
constexpr std::size_t kFirstPiece = 64U << 10U, kPiece = 256U << 10U;

/// The whole answer as text, a piece at a time. Thread: one at a time.
class AnswerText {
 public:
  AnswerText(promql::QueryResult result, std::function<void(JsonWriter&)> write_stats)
      : result_(std::move(result)), write_stats_(std::move(write_stats)), data_(result_.value), json_(text_) {
    json_.begin_object().key("status").text("success").key("data");
  }
  AnswerText(const AnswerText&) = delete;
  AnswerText& operator=(const AnswerText&) = delete;

  /// The next piece: at least `size` bytes, but for the last.
  std::string next(std::size_t size) {
    text_.reserve(std::min(size, data_.about_bytes()) + kLargestPoint);
    if (data_.write_until(json_, size)) {
      if (write_stats_) write_stats_(json_);
      json_.end_object();
      finish_success(json_, result_.warnings, result_.infos);
      done_ = true;
    }
    return std::exchange(text_, std::string());
  }
  bool done() const { return done_; }
  /// Frees the result: of millions of samples that is no work for the loop.
  void clear() { result_ = {}; }

 private:
  static constexpr std::size_t kLargestPoint = 256;  // of floats; a piece of others may grow

  promql::QueryResult result_;
  const std::function<void(JsonWriter&)> write_stats_;
  QueryDataWriter data_;
  std::string text_;
  JsonWriter json_;
  bool done_ = false;
};

/// What the workers write one after the other.
struct Pieces {
  explicit Pieces(std::shared_ptr<AnswerText> t) : text(std::move(t)) {}
  std::shared_ptr<AnswerText> text;
  std::string first;  // was made when it was found out that there are more
  std::optional<net::Gzip> gzip;

  std::string next() {
    std::string piece = first.empty() ? text->next(kPiece) : std::exchange(first, std::string());
    const bool last = text->done();
    if (last) text->clear();
    if (!gzip) return piece;
    std::string packed;
    gzip->step(piece, last, packed);
    return packed;
  }
};

net::Task<void> send_pieces(net::TaskLoop* loop, Executor* executor, std::shared_ptr<Pieces> pieces,
                            std::shared_ptr<net::BodyWriter> out) {
  bool reads = true;
  while (reads && !pieces->text->done()) {
    std::function<std::string()> job = [pieces] { return pieces->next(); };
    std::string piece = co_await net::run_on(*loop, *executor, std::move(job));
    reads = co_await out->write(std::move(piece));
  }
  if (!reads) executor->post([text = pieces->text] { text->clear(); });
}

}  // namespace

net::HttpResponse query_answer(AnswerPath path, promql::QueryResult result,
                               std::function<void(JsonWriter&)> write_stats) {
  auto text = std::make_shared<AnswerText>(std::move(result), std::move(write_stats));
  std::string first = text->next(kFirstPiece);
  if (text->done()) return net::HttpResponse(200, "application/json", std::move(first));
  net::HttpResponse response(200, "application/json", net::Body());
  auto pieces = std::make_shared<Pieces>(std::move(text));
  pieces->first = std::move(first);
  response.headers.set("Vary", "Accept-Encoding");
  if (path.take_gzip) {
    pieces->gzip.emplace();
    response.headers.set("Content-Encoding", "gzip");
  }
  response.stream = [loop = &path.loop, executor = &path.executor, pieces](std::shared_ptr<net::BodyWriter> out) {
    return send_pieces(loop, executor, pieces, std::move(out));
  };
  return response;
}

}  // namespace tocsin::api
