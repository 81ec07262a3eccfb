#pragma once

#include <millstream/core/result.h>

#include <string>
#include <string_view>
#include <vector>

namespace anomaly {

/// A mailbox. What `parse_mail_addresses` made can stand in a header and an SMTP command as it is.
struct MailAddress {
  std::string name;     ///< May be empty; any text.
  std::string address;  ///< local@domain, ASCII.

  bool operator==(const MailAddress&) const = default;
  /// As in a header: `"Name" <local@domain>`.
  [[nodiscard]] std::string to_header() const;
  [[nodiscard]] std::string domain() const { return address.substr(address.find('@') + 1); }
};

/// The mailboxes of `a@b.example, Name <c@d.example>`.
/// **Errors**: kUser, naming the text that is no address.
millstream::Result<std::vector<MailAddress>> parse_mail_addresses(std::string_view text);

}  // namespace anomaly
