#include <algorithm>

#include <boost/json.hpp>

#include "base/json_string.hpp"
#include "base/log.hpp"
#include "base/strings.hpp"
#include "net/url.hpp"
#include "notify/digest.hpp"
#include "notify/kinds.hpp"
#include "notify/urls.hpp"
#include "template/go_json.hpp"
#include "template/go_text.hpp"

namespace tocsin::notify {

namespace {

constexpr std::size_t kMaxSummaryRunes = 255, kMaxDescriptionRunes = 32767;
constexpr int kTooManyRequests = 429;

struct Texts {
  std::string search;          // body of the search
  std::string create, update;  // bodies for a new issue and for one that is there
};

struct Issue {
  std::string key;
  std::string status_category;  // "done", ...
  bool has_status = false;
};

/// What one call of the API gave: JSON, or the outcome that the failure means.
using Answer = std::expected<boost::json::value, SendOutcome>;

const boost::json::value* member(const boost::json::value* value, std::string_view key) {
  return value != nullptr && value->is_object() ? value->as_object().if_contains(key) : nullptr;
}

std::string text_of(const boost::json::value* value) {
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : "";
}

std::optional<Issue> first_issue(const boost::json::value& found) {
  const auto* issues = member(&found, "issues");
  if (issues == nullptr || !issues->is_array() || issues->as_array().empty()) return std::nullopt;
  const boost::json::value& first = issues->as_array().front();
  const auto* status = member(member(&first, "fields"), "status");
  return Issue{text_of(member(&first, "key")), text_of(member(member(status, "statusCategory"), "key")),
               status != nullptr};
}

/// Searches the group's issue by its label, then creates or updates it and moves it to another state.
class JiraReceiver final : public KindReceiver<config::JiraConfig> {
 public:
  using KindReceiver::KindReceiver;

 protected:
  net::Task<SendOutcome> attempt(NotificationPtr notification, AttemptTime time) override;

 private:
  // Thread: a worker.
  Result<Texts> render(const Notification& n) const;
  Result<std::string> description(const Notification& n, Expander& expand) const;
  std::string labels(const Notification& n, Expander& expand) const;
  std::string search_body(const Notification& n, std::string_view project) const;

  std::string search_url() const;
  net::Task<Answer> call(std::string method, std::string url, std::string body, AttemptTime time) const;
  net::Task<SendOutcome> move_on(Issue issue, bool firing, AttemptTime time) const;
};

/// JSON of the description, "" if there is none: a text, or for API v3 the document that the text is.
Result<std::string> JiraReceiver::description(const Notification& n, Expander& expand) const {
  std::string text = truncated(expand(config_.description.text), kMaxDescriptionRunes, "description", n);
  if (expand.error()) return fail(Error(*expand.error()).wrap("description template"));
  std::string_view path = std::string_view(config_.api_url).substr(0, config_.api_url.find_first_of("?#"));
  while (path.ends_with('/')) path.remove_suffix(1);
  std::string json;
  if (!path.ends_with("/3")) {
    if (!text.empty()) append_json_string(json, text, JsonStyle::kGo);
    return json;
  }
  json = tmpl::trim_unicode(text);
  boost::json::error_code error;
  if (!json.empty()) (void)boost::json::parse(json, error);
  if (error) return fail(Errc::kInvalid, "description template: invalid JSON for API v3");
  return json;
}

std::string JiraReceiver::labels(const Notification& n, Expander& expand) const {
  std::vector<std::string> labels = {fmt::format("ALERT{{{}}}", group_key_hash(n.group_key))};
  for (const std::string& label : config_.labels) labels.push_back(expand(label));
  std::sort(labels.begin(), labels.end());
  std::string out;
  for (const std::string& label : labels) {
    out += out.empty() ? "[" : ",";
    append_json_string(out, label, JsonStyle::kGo);
  }
  return out + "]";
}

std::string JiraReceiver::search_body(const Notification& n, std::string_view project) const {
  std::string jql;
  if (!config_.wont_fix_resolution.empty()) {
    jql += fmt::format("(resolution is EMPTY or resolution != {}) and ", go_quote(config_.wont_fix_resolution));
  }
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(config_.reopen_duration).count();
  if (n.firing() && !config_.reopen_transition.empty() && minutes > 0) {
    jql += fmt::format("(resolutiondate is EMPTY OR resolutiondate >= -{}m) and ", minutes);
  } else {
    jql += "statusCategory != Done and ";
  }
  jql += fmt::format("project={} and labels={} order by status ASC,resolutiondate DESC", go_quote(project),
                     go_quote(fmt::format("ALERT{{{}}}", group_key_hash(n.group_key))));
  return tmpl::JsonObject().raw("fields", R"(["status"])").text("jql", jql).number("maxResults", 2).take();
}

Result<Texts> JiraReceiver::render(const Notification& n) const {
  const tmpl::AmData alerts = data(n);
  Expander expand(templates(), alerts, n.now);
  const std::string project = expand(config_.project);
  if (expand.error()) return fail(Error(*expand.error()).wrap("invalid project template or value"));
  std::map<std::string, std::string> fields;  // key to JSON, sorted as Go's maps are
  std::string summary;
  append_json_string(summary, truncated(expand(config_.summary.text), kMaxSummaryRunes, "summary", n), JsonStyle::kGo);
  fields["summary"] = summary;
  fields["project"] = tmpl::JsonObject().text("key", project).take();
  fields["issuetype"] = tmpl::JsonObject().text_if("name", expand(config_.issue_type)).take();
  fields["labels"] = labels(n, expand);
  if (const std::string priority = expand(config_.priority); !priority.empty()) {
    fields["priority"] = tmpl::JsonObject().text("name", priority).take();
  }
  TOCSIN_TRY(const std::string text, description(n, expand));
  if (!text.empty()) fields["description"] = text;
  std::map<std::string, std::string> own;
  for (const auto& [key, tree] : config_.fields) {
    const tmpl::Value value = render_tree(tree, expand);
    TOCSIN_TRY(own[key], tmpl::to_json(value));
  }
  if (expand.error()) return fail(Error(*expand.error()));
  const auto body = [&own](std::map<std::string, std::string> of_issue) {
    for (const auto& [key, json] : own) of_issue.insert_or_assign(key, json);
    tmpl::JsonObject out;
    for (const auto& [key, json] : of_issue) out.raw(key, json);
    return tmpl::JsonObject().raw("fields", out.take()).take();
  };
  Texts texts{search_body(n, project), body(fields), ""};
  if (!config_.description.updates()) fields.erase("description");
  if (!config_.summary.updates()) fields.erase("summary");
  texts.update = body(std::move(fields));
  return texts;
}

/// Jira Cloud has a search of its own, in API v3 only.
std::string JiraReceiver::search_url() const {
  const Result<net::Url> url = net::parse_url(config_.api_url);
  const bool cloud = config_.api_type == "cloud" || (config_.api_type == "auto" && url &&
                                                     std::string_view(url->host_field).ends_with("atlassian.net"));
  if (!cloud) return join_path(config_.api_url, "search");
  std::string out = join_path(config_.api_url, "search/jql");
  constexpr std::string_view kOld = "/rest/api/2/";
  if (const std::size_t at = out.find(kOld); at != std::string::npos) out.replace(at, kOld.size(), "/rest/api/3/");
  return out;
}

net::Task<Answer> JiraReceiver::call(std::string method, std::string url, std::string body, AttemptTime time) const {
  const auto self = shared_from_this();
  net::HttpRequest request = json_request(std::move(url), std::move(body));
  if (method == "GET") request.body.clear();
  request.method = std::move(method);
  request.headers.set("Accept-Language", "en");
  Exchange answer = co_await exchange(std::move(request), time);
  if (!answer) co_return std::unexpected(std::move(answer).error());
  SendOutcome outcome = judge_status(*answer, answer->body.view(), kTooManyRequests);
  if (outcome.delivery != alerting::Delivery::kDelivered) co_return std::unexpected(std::move(outcome));
  if (answer->body.size() == 0) co_return boost::json::value();
  Result<boost::json::value> json = co_await json_of(std::move(*answer));
  if (!json) co_return std::unexpected(permanent(json.error().message));
  co_return std::move(*json);
}

SendOutcome in_context(SendOutcome outcome, std::string_view context) {
  outcome.error = fmt::format("{}: {}", context, outcome.error);
  return outcome;
}

net::Task<SendOutcome> JiraReceiver::move_on(Issue issue, bool firing, AttemptTime time) const {
  const auto self = shared_from_this();
  const bool done = issue.status_category == "done";
  const std::string& transition = firing ? config_.reopen_transition : config_.resolve_transition;
  if (issue.key.empty() || !issue.has_status || firing != done || transition.empty()) co_return delivered();
  const std::string url = join_path(config_.api_url, fmt::format("issue/{}/transitions", issue.key));
  Answer known = co_await call("GET", url, "", time);
  if (!known) co_return std::move(known).error();
  std::string id;
  if (const auto* list = member(&*known, "transitions"); list != nullptr && list->is_array()) {
    for (const boost::json::value& one : list->as_array()) {
      if (text_of(member(&one, "name")) == transition && id.empty()) id = text_of(member(&one, "id"));
    }
  }
  if (id.empty()) co_return permanent(fmt::format("can't find transition {} for issue {}", transition, issue.key));
  const std::string body = tmpl::JsonObject().raw("transition", tmpl::JsonObject().text("id", id).take()).take();
  Answer moved = co_await call("POST", url, body, time);
  if (!moved) co_return std::move(moved).error();
  co_return delivered();
}

net::Task<SendOutcome> JiraReceiver::attempt(NotificationPtr notification, AttemptTime time) {
  const auto self = shared_from_this();
  std::function<Result<Texts>()> work = [this, self, notification] { return render(*notification); };
  Result<Texts> texts = co_await on_worker(std::move(work));
  if (!texts) co_return permanent(texts.error().message);
  Answer found = co_await call("POST", search_url(), std::move(texts->search), time);
  if (!found) {
    co_return in_context(std::move(found).error(), "failed to look up existing issues: HTTP request to JIRA API");
  }
  const std::optional<Issue> issue = first_issue(*found);
  if (!issue && !notification->firing()) co_return delivered();  // nothing to resolve
  const std::string path = issue ? "issue/" + issue->key : "issue", method = issue ? "PUT" : "POST";
  Answer written = co_await call(method, join_path(config_.api_url, path), issue ? texts->update : texts->create, time);
  if (!written) {
    co_return in_context(std::move(written).error(), fmt::format("failed to {} request to {}", method, go_quote(path)));
  }
  if (!issue) co_return delivered();
  SendOutcome outcome = co_await move_on(*issue, notification->firing(), time);
  co_return outcome;
}

}  // namespace

std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering, config::JiraConfig config) {
  return std::make_shared<JiraReceiver>(services, std::move(rendering), std::move(config));
}

}  // namespace tocsin::notify
