#include "mail_smtp.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string_view>

namespace anomaly {

namespace {

void init_curl() {
  [[maybe_unused]] static const CURLcode done = curl_global_init(CURL_GLOBAL_ALL);
}

using Handle = std::unique_ptr<CURL, void (*)(CURL*)>;
using List = std::unique_ptr<curl_slist, void (*)(curl_slist*)>;

/// One attempt: what is still to be read by libcurl, and the server's last refusal.
struct Attempt {
  std::string bytes;
  std::size_t sent = 0;
  std::string reply;
  std::array<char, CURL_ERROR_SIZE> said{};
};

std::size_t read_mail(char* out, std::size_t size, std::size_t count, void* data) {
  auto& attempt = *static_cast<Attempt*>(data);
  const std::size_t length = std::min(size * count, attempt.bytes.size() - attempt.sent);
  std::memcpy(out, attempt.bytes.data() + attempt.sent, length);
  attempt.sent += length;
  return length;
}

std::size_t note_reply(char* line, std::size_t size, std::size_t count, void* data) {
  std::string_view text(line, size * count);
  while (!text.empty() && (text.back() == '\r' || text.back() == '\n')) text.remove_suffix(1);
  const bool is_refusal = text.starts_with('4') || text.starts_with('5');
  if (is_refusal) static_cast<Attempt*>(data)->reply = text.substr(0, 300);
  return size * count;
}

List recipients(const MailMessage& message) {
  curl_slist* list = nullptr;
  for (const MailAddress& address : message.to) {
    list = curl_slist_append(list, ("<" + address.address + ">").c_str());
  }
  return {list, &curl_slist_free_all};
}

long use_ssl(StartTls start_tls) {
  switch (start_tls) {
    case StartTls::kNever:
      return CURLUSESSL_NONE;
    case StartTls::kIfOffered:
      return CURLUSESSL_TRY;
    default:
      return CURLUSESSL_ALL;
  }
}

void set_options(CURL* curl, const SmtpOptions& options) {
  curl_easy_setopt(curl, CURLOPT_URL, options.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(options.connect_timeout.count()));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(options.timeout.count()));
  curl_easy_setopt(curl, CURLOPT_USE_SSL, use_ssl(options.start_tls));
  if (!options.ca_file.empty()) {
    curl_easy_setopt(curl, CURLOPT_CAINFO, options.ca_file.c_str());
  }
  if (!options.user.empty()) {
    curl_easy_setopt(curl, CURLOPT_USERNAME, options.user.c_str());
    curl_easy_setopt(curl, CURLOPT_PASSWORD, options.password.c_str());
  }
}

void set_mail(CURL* curl, Attempt& attempt, const std::string& from, curl_slist* to) {
  curl_easy_setopt(curl, CURLOPT_MAIL_FROM, from.c_str());
  curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
  curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(curl, CURLOPT_READFUNCTION, &read_mail);
  curl_easy_setopt(curl, CURLOPT_READDATA, &attempt);
  curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(attempt.bytes.size()));
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &note_reply);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &attempt);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, attempt.said.data());
}

SmtpFailure to_failure(CURL* curl, CURLcode code, const Attempt& attempt) {
  SmtpFailure failure{.reply = attempt.reply};
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &failure.reply_code);
  failure.said = attempt.said[0] == '\0' ? curl_easy_strerror(code) : attempt.said.data();
  failure.login_denied = code == CURLE_LOGIN_DENIED;
  failure.no_tls = code == CURLE_USE_SSL_FAILED;
  failure.bad_certificate = code == CURLE_PEER_FAILED_VERIFICATION;
  return failure;
}

}  // namespace

SendOutcome SmtpSender::send(const MailMessage& message) {
  init_curl();
  const Handle curl(curl_easy_init(), &curl_easy_cleanup);
  if (!curl) return {SendOutcome::Kind::kLater, "libcurl doesn't start: out of memory?"};
  Attempt attempt{.bytes = to_rfc5322(message)};
  const std::string from = "<" + message.from.address + ">";
  const List to = recipients(message);
  set_options(curl.get(), options_);
  set_mail(curl.get(), attempt, from, to.get());
  const CURLcode code = curl_easy_perform(curl.get());
  if (code == CURLE_OK) return {};
  return explain(to_failure(curl.get(), code, attempt), options_);
}

}  // namespace anomaly
