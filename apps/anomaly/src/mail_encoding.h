#pragma once

#include <millstream/core/time.h>

#include <string>
#include <string_view>

namespace anomaly {

/// The text with each byte sequence that is no UTF-8 replaced by U+FFFD.
[[nodiscard]] std::string valid_utf8(std::string_view text);

/// The text as the value of an unstructured header such as Subject: control characters become
/// spaces, what isn't ASCII becomes encoded words, and lines are folded at 76 characters.
/// `used` is what stands before it on its line. **Source**: RFC 2047, RFC 5322.
[[nodiscard]] std::string encode_header_text(std::string_view text, std::size_t used);

/// A display name before an address: quoted, or as encoded words.
[[nodiscard]] std::string encode_phrase(std::string_view name);

/// Text as quoted-printable with CRLF lines of at most 76 characters. **Source**: RFC 2045.
[[nodiscard]] std::string encode_quoted_printable(std::string_view text);

/// "Thu, 10 Apr 2014 07:15:00 +0000".
[[nodiscard]] std::string rfc5322_date(millstream::Timestamp time);

/// HTML with the five special characters escaped and control characters dropped.
[[nodiscard]] std::string escape_html(std::string_view text);

/// Text for a URL's query or fragment: all but unreserved characters and `/` as %XX.
[[nodiscard]] std::string escape_url(std::string_view text);

}  // namespace anomaly
