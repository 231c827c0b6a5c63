#include "notify/aws_credentials.hpp"

#include <map>

#include "base/strings.hpp"
#include "notify/urls.hpp"

namespace tocsin::notify {

namespace {

constexpr std::size_t kMaxFileBytes = 1U << 20U;

using Section = std::map<std::string, std::string>;

/// One section of an INI file, values below nested ones left out. A file that is not there is empty.
Result<Section> read_section(Fs& fs, const std::string& path, const std::string& name) {
  Section out;
  const Result<std::string> text = fs.read_file(path, kMaxFileBytes);
  if (!text && text.error().code == Errc::kNotFound) return out;
  if (!text) return fail(Error(text.error()).wrap("cannot read AWS' shared configuration"));
  bool inside = false;
  for (const std::string_view raw : split(*text, '\n')) {
    const std::string_view line = trim(raw);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      inside = trim(line.substr(1, line.find(']') - 1)) == name;
      continue;
    }
    const std::size_t equals = line.find('=');
    if (!inside || equals == std::string_view::npos || raw.front() == ' ' || raw.front() == '\t') continue;
    out[to_lower(trim(line.substr(0, equals)))] = trim(line.substr(equals + 1));
  }
  return out;
}

struct Profile {
  std::string name, credentials_file, config_file;
};

Profile profile_of(const config::Sigv4Config& config, const config::Environment& environment) {
  const auto first = [](std::initializer_list<std::string> texts) {
    for (const std::string& text : texts) {
      if (!text.empty()) return text;
    }
    return std::string();
  };
  const std::string home = environment("HOME");
  return {first({config.profile, environment("AWS_PROFILE"), "default"}),
          first({environment("AWS_SHARED_CREDENTIALS_FILE"), home + "/.aws/credentials"}),
          first({environment("AWS_CONFIG_FILE"), home + "/.aws/config"})};
}

AwsCredentials credentials_of(const Section& section) {
  const auto value = [&section](const char* key) {
    const auto found = section.find(key);
    return found == section.end() ? std::string() : found->second;
  };
  return {value("aws_access_key_id"), Secret(value("aws_secret_access_key")), Secret(value("aws_session_token"))};
}

std::string endpoint_of(const config::Environment& environment, const std::string& service, std::string standard) {
  for (const std::string& variable : {"AWS_ENDPOINT_URL_" + service, std::string("AWS_ENDPOINT_URL")}) {
    std::string url = environment(variable);
    if (!url.empty()) return url.ends_with('/') ? url : url + "/";
  }
  return standard;
}

bool is_whole(const AwsCredentials& credentials) {
  return !credentials.access_key.empty() && !credentials.secret_key.empty();
}

}  // namespace

Result<AwsAccess> load_aws_access(Fs& fs, const config::Sigv4Config& config, const config::Environment& environment) {
  const Profile profile = profile_of(config, environment);
  const std::string in_config = profile.name == "default" ? "default" : "profile " + profile.name;
  TOCSIN_TRY(Section settings, read_section(fs, profile.config_file, in_config));
  TOCSIN_TRY(const Section keys, read_section(fs, profile.credentials_file, profile.name));
  for (const auto& [key, value] : keys) settings.insert_or_assign(key, value);  // the credentials file goes first

  AwsAccess access;
  for (const std::string& region :
       {config.region, environment("AWS_REGION"), environment("AWS_DEFAULT_REGION"), settings["region"]}) {
    if (access.region.empty()) access.region = region;
  }
  if (access.region.empty()) {
    return fail(Errc::kInvalid, "region not configured in sns.sigv4.region or in default credentials chain");
  }
  access.sns_url = endpoint_of(environment, "SNS", aws_endpoint("sns", access.region));
  access.sts_url = endpoint_of(environment, "STS",
                               aws_endpoint(config.use_fips_sts_endpoint ? "sts-fips" : "sts", access.region));
  const AwsCredentials own = {config.access_key, config.secret_key, Secret()};
  const AwsCredentials of_environment = {environment("AWS_ACCESS_KEY_ID"), Secret(environment("AWS_SECRET_ACCESS_KEY")),
                                         Secret(environment("AWS_SESSION_TOKEN"))};
  const AwsCredentials of_profile = credentials_of(settings);
  if (is_whole(own)) {
    access.credentials = own;
  } else if (config.profile.empty() && is_whole(of_environment)) {
    access.credentials = of_environment;
  } else if (is_whole(of_profile)) {
    access.credentials = of_profile;
  } else {
    return fail(Errc::kInvalid,
                "no AWS keys: neither access_key in sigv4, nor AWS_ACCESS_KEY_ID, nor profile {} in {} has them",
                go_quote(profile.name), profile.credentials_file);
  }
  return access;
}

std::string aws_endpoint(std::string_view service, std::string_view region) {
  return fmt::format("https://{}.{}.amazonaws.com{}/", service, region, region.starts_with("cn-") ? ".cn" : "");
}

Result<net::HttpRequest> assume_role_request(const config::Sigv4Config& config, const AwsAccess& access,
                                             Timestamp now) {
  Params params = {{"Action", "AssumeRole"},
                   {"Version", "2011-06-15"},
                   {"RoleArn", config.role_arn},
                   {"RoleSessionName", fmt::format("tocsin-{}", now)},
                   {"DurationSeconds", "900"}};
  if (!config.external_id.empty()) params.emplace_back("ExternalId", config.external_id);
  net::HttpRequest request("POST", access.sts_url);
  request.headers.set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
  request.body = form_encode(params);
  TOCSIN_OK(sign_v4(request, access.credentials, access.region, "sts", now));
  return request;
}

Result<AwsSession> parse_assume_role(std::string_view xml) {
  AwsSession session;
  session.credentials = {xml_text(xml, "AccessKeyId"), Secret(xml_text(xml, "SecretAccessKey")),
                         Secret(xml_text(xml, "SessionToken"))};
  if (!is_whole(session.credentials)) return fail(Errc::kInvalid, "STS gave no keys: {}", xml_text(xml, "Message"));
  if (!parse_rfc3339(xml_text(xml, "Expiration"), session.expires)) {
    return fail(Errc::kInvalid, "STS gave keys without an expiration");
  }
  return session;
}

std::string xml_text(std::string_view xml, std::string_view name) {
  const std::string open = fmt::format("<{}>", name), close = fmt::format("</{}>", name);
  const std::size_t begin = xml.find(open);
  if (begin == std::string_view::npos) return "";
  const std::size_t start = begin + open.size(), end = xml.find(close, start);
  if (end == std::string_view::npos) return "";
  std::string text(xml.substr(start, end - start));
  for (const auto& [entity, plain] : {std::pair("&lt;", "<"), std::pair("&gt;", ">"), std::pair("&quot;", "\""),
                                      std::pair("&#39;", "'"), std::pair("&apos;", "'"), std::pair("&amp;", "&")}) {
    text = replace_all(std::move(text), entity, plain);
  }
  return text;
}

}  // namespace tocsin::notify
