#include "config/receiver_wechat.hpp"

#include "base/strings.hpp"
#include "config/alertmanager_global.hpp"

namespace tocsin::config {

void WechatConfig::describe(FieldVisitor& f) {
  f.secret_text("api_secret", api_secret);
  f.file("api_secret_file", api_secret_file);
  f.text("corp_id", corp_id);
  f.text("message", message);
  f.url("api_url", api_url);
  f.text("to_user", to_user);
  f.text("to_party", to_party);
  f.text("to_tag", to_tag);
  f.text("agent_id", agent_id);
  f.plain("message_type", message_type);
}

Result<void> WechatConfig::complete(const AlertmanagerGlobal& global) {
  if (message_type.empty()) message_type = "text";
  if (message_type != "text" && message_type != "markdown") {
    return fail(Errc::kInvalid, "weChat message type {} does not match valid options ^(text|markdown)$",
                go_quote(message_type));
  }
  TOCSIN_OK(at_most_one("api_secret", api_secret, api_secret_file));
  if (api_url.empty()) api_url = global.wechat_api_url;
  add_trailing_slash(api_url);
  fall_back(api_secret, api_secret_file, global.wechat_api_secret, global.wechat_api_secret_file);
  if (api_secret.empty() && api_secret_file.empty()) {
    return fail(Errc::kInvalid, "no global Wechat Api Secret set either inline or in a file");
  }
  if (corp_id.empty()) corp_id = global.wechat_api_corp_id;
  if (corp_id.empty()) return fail(Errc::kInvalid, "no global Wechat CorpID set");
  return {};
}

}  // namespace tocsin::config
