#include <algorithm>

#include <boost/json.hpp>

#include "base/json_string.hpp"
#include "base/strings.hpp"
#include "notify/digest.hpp"
#include "notify/kinds.hpp"
#include "notify/urls.hpp"
#include "template/go_json.hpp"

namespace tocsin::notify {

namespace {

// Limits of GitHub: https://docs.github.com/en/rest/issues/issues
constexpr std::size_t kMaxTitleRunes = 256, kMaxBodyRunes = 65'000, kMaxLabelRunes = 50;
constexpr int kTooManyRequests = 429;
constexpr const char* kNumberKey = "issue";

struct Texts {
  std::string repository;  // URL of it in the API
  std::string token;
  std::string title, body, comment;
  std::string labels, assignees;  // JSON lists
};

struct Issue {
  std::string number;
  bool open = true;
};

using Answer = std::expected<boost::json::value, SendOutcome>;

std::string list_json(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) {
    if (text.empty()) continue;
    out += out.empty() ? "" : ",";
    append_json_string(out, text);
  }
  return "[" + out + "]";
}

std::string text_of(const boost::json::object& object, const char* key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : "";
}

/// A label that only the group's issues have: lists by label are up to date, GitHub's search is not.
std::string label_of(const Notification& n) {
  return "alert-" + group_key_hash(n.group_key).substr(0, 24);
}

/// Stands in the issue's body: nobody's mistake with labels makes us write into another issue.
std::string marker_of(const Notification& n) {
  return "<!-- alert group " + group_key_hash(n.group_key) + " -->";
}

std::optional<Issue> issue_of(const boost::json::value& value, const std::string& marker) {
  if (!value.is_object()) return std::nullopt;
  const boost::json::object& object = value.as_object();
  const auto* number = object.if_contains("number");
  if (number == nullptr || !number->is_int64() || object.if_contains("pull_request") != nullptr) return std::nullopt;
  if (text_of(object, "body").find(marker) == std::string::npos) return std::nullopt;
  return Issue{fmt::format("{}", number->as_int64()), text_of(object, "state") == "open"};
}

/// Finds the group's issue by the number that the notification log kept, else by its label and marker; so a restart, or
/// a lost log, opens no second one.
class GithubReceiver final : public KindReceiver<config::GithubConfig> {
 public:
  using KindReceiver::KindReceiver;

 protected:
  net::Task<SendOutcome> attempt(NotificationPtr notification, AttemptTime time) override;

 private:
  using Found = std::expected<std::optional<Issue>, SendOutcome>;
  Result<Texts> render(const Notification& n) const;  // Thread: a worker
  net::Task<Answer> call(const char* method, std::string url, std::string body, std::string token,
                         AttemptTime time) const;
  net::Task<Found> find(NotificationPtr notification, Texts texts, AttemptTime time) const;
  net::Task<Answer> open(Texts texts, AttemptTime time) const;
  /// Title, body and state; then a comment, if one is wanted.
  net::Task<SendOutcome> update(Issue issue, bool firing, Texts texts, AttemptTime time) const;
};

Result<Texts> GithubReceiver::render(const Notification& n) const {
  const tmpl::AmData alerts = data(n);
  Expander expand(templates(), alerts, n.now);
  Texts texts;
  const std::string repository = expand(config_.repository);
  texts.repository = join_path(config_.api_url, "repos/" + repository);
  texts.title = truncated(expand(config_.title), kMaxTitleRunes, "title", n);
  texts.body = truncated(expand(config_.body), kMaxBodyRunes, "body", n) + "\n\n" + marker_of(n);
  texts.comment = truncated(expand(config_.comment), kMaxBodyRunes, "comment", n);
  std::vector<std::string> labels = {label_of(n)}, assignees;
  for (const std::string& label : config_.labels)
    labels.push_back(truncated(expand(label), kMaxLabelRunes, "label", n));
  for (const std::string& name : config_.assignees) assignees.push_back(expand(name));
  texts.labels = list_json(labels);
  texts.assignees = list_json(assignees);
  if (expand.error()) return fail(templating_error(*expand.error()));
  if (std::count(repository.begin(), repository.end(), '/') != 1) {
    return fail(Errc::kInvalid, "repository must be owner/name, not {}", go_quote(repository));
  }
  TOCSIN_TRY(texts.token, secret_or_file(config_.token, config_.token_file, "token"));
  return texts;
}

net::Task<Answer> GithubReceiver::call(const char* method, std::string url, std::string body, std::string token,
                                       AttemptTime time) const {
  const auto self = shared_from_this();
  net::HttpRequest request(method, std::move(url));
  request.headers.set("Accept", "application/vnd.github+json");
  request.headers.set("X-GitHub-Api-Version", "2022-11-28");
  if (!body.empty()) request.headers.set("Content-Type", "application/json");
  if (!token.empty()) request.headers.set("Authorization", "Bearer " + token);
  request.body = std::move(body);
  Exchange answer = co_await exchange(std::move(request), time);
  if (!answer) co_return std::unexpected(std::move(answer).error());
  SendOutcome outcome = judge_status(*answer, answer->body.view(), kTooManyRequests);
  if (outcome.delivery == alerting::Delivery::kPermanent && answer->headers.get("X-RateLimit-Remaining") == "0") {
    outcome = retry(std::move(outcome.error), alerting::FailureReason::kRateLimited);  // GitHub says 403 for it
  }
  if (outcome.delivery != alerting::Delivery::kDelivered) co_return std::unexpected(std::move(outcome));
  Result<boost::json::value> json = co_await json_of(std::move(*answer));
  if (!json) co_return std::unexpected(retry(json.error().message));
  co_return std::move(*json);
}

net::Task<GithubReceiver::Found> GithubReceiver::find(NotificationPtr notification, Texts texts,
                                                      AttemptTime time) const {
  const auto self = shared_from_this();
  const std::string marker = marker_of(*notification);
  const auto kept = notification->receiver_data.find(kNumberKey);
  if (kept != notification->receiver_data.end()) {
    Answer answer = co_await call("GET", texts.repository + "/issues/" + kept->second, "", texts.token, time);
    if (answer) {
      std::optional<Issue> issue = issue_of(*answer, marker);
      if (issue) co_return issue;
    } else if (answer.error().delivery == alerting::Delivery::kRetry) {
      co_return std::unexpected(std::move(answer).error());
    }
  }
  const std::string url = with_query(texts.repository + "/issues", {{"state", "all"},
                                                                    {"labels", label_of(*notification)},
                                                                    {"sort", "created"},
                                                                    {"direction", "desc"},
                                                                    {"per_page", "5"}});
  Answer answer = co_await call("GET", url, "", texts.token, time);
  if (!answer) co_return std::unexpected(std::move(answer).error());
  std::optional<Issue> found;
  if (answer->is_array()) {
    for (const boost::json::value& one : answer->as_array()) {
      const std::optional<Issue> issue = issue_of(one, marker);
      if (issue && (!found || (issue->open && !found->open))) found = issue;
    }
  }
  co_return found;
}

net::Task<Answer> GithubReceiver::open(Texts texts, AttemptTime time) const {
  const auto self = shared_from_this();
  tmpl::JsonObject json;
  json.text("title", texts.title).text("body", texts.body).raw("labels", texts.labels);
  if (texts.assignees != "[]") json.raw("assignees", texts.assignees);
  Answer answer = co_await call("POST", texts.repository + "/issues", json.take(), texts.token, time);
  co_return answer;
}

net::Task<SendOutcome> GithubReceiver::update(Issue issue, bool firing, Texts texts, AttemptTime time) const {
  const auto self = shared_from_this();
  const std::string url = texts.repository + "/issues/" + issue.number;
  if (!texts.comment.empty()) {
    Answer said = co_await call("POST", url + "/comments", tmpl::JsonObject().text("body", texts.comment).take(),
                                texts.token, time);
    if (!said) co_return std::move(said).error();
  }
  const bool open = firing || (issue.open && !config_.close);
  tmpl::JsonObject json;
  json.text("title", texts.title).text("body", texts.body).text("state", open ? "open" : "closed");
  Answer changed = co_await call("PATCH", url, json.take(), texts.token, time);
  if (!changed) co_return std::move(changed).error();
  co_return delivered();
}

net::Task<SendOutcome> GithubReceiver::attempt(NotificationPtr notification, AttemptTime time) {
  const auto self = shared_from_this();
  std::function<Result<Texts>()> work = [this, self, notification] { return render(*notification); };
  Result<Texts> texts = co_await on_worker(std::move(work));
  if (!texts) co_return permanent(texts.error().message);
  Found found = co_await find(notification, *texts, time);
  if (!found) co_return std::move(found).error();
  const bool firing = notification->firing();
  std::optional<Issue> issue = *found;
  if (issue && !issue->open && (!firing || !config_.reopen)) issue.reset();  // closed ones rest
  SendOutcome outcome;
  if (issue) {
    outcome = co_await update(*issue, firing, *texts, time);
  } else if (firing) {
    Answer opened = co_await open(*texts, time);
    if (!opened) co_return std::move(opened).error();
    issue = issue_of(*opened, "");
  }
  if (outcome.delivery == alerting::Delivery::kDelivered && issue) outcome.receiver_data[kNumberKey] = issue->number;
  co_return outcome;
}

}  // namespace

std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering, config::GithubConfig config) {
  return std::make_shared<GithubReceiver>(services, std::move(rendering), std::move(config));
}

}  // namespace tocsin::notify
