#pragma once

#include <millstream/core/time.h>

#include <string>
#include <string_view>
#include <vector>

#include "mail_address.h"

namespace anomaly {

/// A mail with a text and an HTML part.
struct MailMessage {
  MailAddress from;
  std::vector<MailAddress> to;
  std::string subject;
  millstream::Timestamp date;
  /// local@domain, without angle brackets; the same mail always has the same one.
  std::string message_id;
  /// The same for mails that a mail client should show together; empty: none.
  std::string thread_id;
  std::string text;
  std::string html;
};

/// The mail's bytes, CRLF lines of at most 78 characters, ASCII only. Equal messages give equal
/// bytes. No field can bring in a header of its own.
/// **Source**: RFC 5322, RFC 2045 (quoted-printable), RFC 2046 (multipart/alternative).
[[nodiscard]] std::string to_rfc5322(const MailMessage& message);

/// An id such as <hash>@<domain> that follows from `identity` alone.
[[nodiscard]] std::string make_message_id(std::string_view identity, const std::string& domain);

}  // namespace anomaly
