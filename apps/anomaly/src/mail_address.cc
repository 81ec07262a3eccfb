#include "mail_address.h"

#include <algorithm>

#include "mail_encoding.h"

namespace anomaly {

using millstream::Error;
using millstream::Result;

namespace {

constexpr std::string_view kAlphanumeric =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

bool consists_of(std::string_view text, std::string_view more) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return kAlphanumeric.find(c) != std::string_view::npos ||
           more.find(c) != std::string_view::npos;
  });
}

bool has_empty_label(std::string_view text) {
  return text.starts_with('.') || text.ends_with('.') || text.find("..") != std::string_view::npos;
}

bool is_address(std::string_view text) {
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos || text.size() > 254) return false;
  const std::string_view local = text.substr(0, at);
  const std::string_view domain = text.substr(at + 1);
  return consists_of(local, "!#$%&'*+-/=?^_`{|}~.") && !has_empty_label(local) &&
         consists_of(domain, "-.") && !has_empty_label(domain);
}

Result<MailAddress> parse_one(std::string_view text) {
  MailAddress out;
  const std::size_t open = text.find('<');
  if (open != std::string_view::npos && text.ends_with('>')) {
    std::string_view name = trim(text.substr(0, open));
    if (name.size() >= 2 && name.front() == '"' && name.back() == '"') {
      name = name.substr(1, name.size() - 2);
    }
    out.name = name;
    out.address = trim(text.substr(open + 1, text.size() - open - 2));
  } else {
    out.address = text;
  }
  if (is_address(out.address)) return out;
  return Error::user("\"" + std::string(text) + "\" is no mail address such as alerts@domain.com");
}

}  // namespace

std::string MailAddress::to_header() const {
  return name.empty() ? address : encode_phrase(name) + " <" + address + ">";
}

Result<std::vector<MailAddress>> parse_mail_addresses(std::string_view text) {
  std::vector<MailAddress> out;
  while (!text.empty()) {
    const std::size_t quote = text.find('"');
    const std::size_t close = quote == std::string_view::npos || quote > text.find(',')
                                  ? 0
                                  : std::min(text.find('"', quote + 1), text.size());
    const std::size_t comma = std::min(text.find(',', close), text.size());
    const std::string_view one = trim(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
    if (one.empty()) continue;
    auto address = parse_one(one);
    if (!address) return address.error();
    out.push_back(std::move(*address));
  }
  if (out.empty()) return Error::user("there is no mail address");
  return out;
}

}  // namespace anomaly
