#include "mail_message.h"

#include "mail_encoding.h"
#include "sha256.h"

namespace anomaly {

namespace {

std::string hash(std::string_view text) {
  Sha256 sha;
  sha.add(text);
  return sha.hex();
}

std::string header(std::string_view name, const std::string& value) {
  return std::string(name) + ": " + value + "\r\n";
}

/// What may stand in an id; everything else could end the header.
std::string id_text(std::string_view id) {
  std::string out(id);
  std::erase_if(out, [](char c) { return c <= ' ' || c > '~' || c == '<' || c == '>'; });
  return "<" + out + ">";
}

std::string to_list(const std::vector<MailAddress>& addresses) {
  std::string out;
  for (const MailAddress& address : addresses) {
    if (!out.empty()) out += ",\r\n ";
    out += address.to_header();
  }
  return out;
}

std::string part(const std::string& boundary, std::string_view type, std::string_view body) {
  return "--" + boundary + "\r\nContent-Type: " + std::string(type) +
         "; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" +
         encode_quoted_printable(body) + "\r\n";
}

}  // namespace

std::string make_message_id(std::string_view identity, const std::string& domain) {
  return hash(identity).substr(0, 40) + "@" + domain;
}

std::string to_rfc5322(const MailMessage& message) {
  const std::string boundary = "=_" + hash(message.message_id).substr(0, 32);
  std::string out = header("Date", rfc5322_date(message.date));
  out += header("From", message.from.to_header());
  out += header("To", to_list(message.to));
  out += header("Subject", encode_header_text(message.subject, 9));
  out += header("Message-ID", id_text(message.message_id));
  if (!message.thread_id.empty()) out += header("References", id_text(message.thread_id));
  out += header("Auto-Submitted", "auto-generated");
  out += header("MIME-Version", "1.0");
  out += header("Content-Type", "multipart/alternative;\r\n boundary=\"" + boundary + "\"");
  out += "\r\n";
  out += part(boundary, "text/plain", valid_utf8(message.text));
  out += part(boundary, "text/html", valid_utf8(message.html));
  return out + "--" + boundary + "--\r\n";
}

}  // namespace anomaly
