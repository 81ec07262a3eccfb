#include "mail_encoding.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>

namespace anomaly {

namespace {

constexpr std::size_t kMaxLine = 76;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kHex = "0123456789ABCDEF";

unsigned byte(char c) { return static_cast<unsigned char>(c); }

std::string hex(char c) { return {kHex[byte(c) >> 4U], kHex[byte(c) & 15U]}; }

/// The length of the UTF-8 character at the text's begin; 0 if there is none.
std::size_t utf8_length(std::string_view text) {
  const unsigned first = byte(text[0]);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF5   ? 0
                             : first >= 0xF0 ? 4
                             : first >= 0xE0 ? 3
                             : first >= 0xC2 ? 2
                                             : 0;
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(text[i]) & 0xC0U) != 0x80) return 0;
  }
  const unsigned second = byte(text[1]);
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool surrogate = first == 0xED && second >= 0xA0;
  return overlong || surrogate || (first == 0xF4 && second >= 0x90) ? 0 : length;
}

bool is_printable_ascii(char c) { return c >= ' ' && c <= '~'; }

bool is_ascii(std::string_view text) {
  for (const char c : text) {
    if (!is_printable_ascii(c)) return false;
  }
  return true;
}

std::string without_controls(std::string_view text) {
  std::string out = valid_utf8(text);
  for (char& c : out) {
    if (byte(c) < ' ' || c == '\x7F') c = ' ';
  }
  return out;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = byte(bytes[i]) << 16U;
    if (i + 1 < bytes.size()) group |= byte(bytes[i + 1]) << 8U;
    if (i + 2 < bytes.size()) group |= byte(bytes[i + 2]);
    out += kAlphabet[group >> 18U];
    out += kAlphabet[(group >> 12U) & 63U];
    out += i + 1 < bytes.size() ? kAlphabet[(group >> 6U) & 63U] : '=';
    out += i + 2 < bytes.size() ? kAlphabet[group & 63U] : '=';
  }
  return out;
}

/// Encoded words, a line each but the first, none splitting a character.
std::string encoded_words(std::string_view text, std::size_t used) {
  constexpr std::string_view kBegin = "=?UTF-8?B?";
  constexpr std::size_t kFrame = 12;  // kBegin and "?="
  std::string out;
  while (!text.empty()) {
    const std::size_t room = used + kFrame + 8 < kMaxLine ? kMaxLine - used - kFrame : 8;
    std::size_t take = 0;
    while (take < text.size()) {
      const std::size_t more = utf8_length(text.substr(take));
      if ((take + more + 2) / 3 * 4 > room) break;
      take += more;
    }
    if (!out.empty()) out += "\r\n ";
    out += std::string(kBegin) + base64(text.substr(0, take)) + "?=";
    text.remove_prefix(take);
    used = 1;
  }
  return out;
}

/// ASCII folded before words where lines get long; a word without end is cut as encoded words.
std::string folded(std::string_view text, std::size_t used) {
  std::string out;
  while (!text.empty()) {
    const std::size_t spaces = std::min(text.find_first_not_of(' '), text.size());
    const std::size_t end = std::min(text.find(' ', spaces), text.size());
    if (used + end > kMaxLine && spaces > 0 && spaces < text.size()) {
      out += "\r\n";
      used = 0;
    }
    out += text.substr(0, end);
    used += end;
    text.remove_prefix(end);
  }
  return out;
}

bool has_long_word(std::string_view text) {
  std::size_t length = 0;
  for (const char c : text) {
    length = c == ' ' ? 0 : length + 1;
    if (length > 60) return true;
  }
  return false;
}

}  // namespace

std::string valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    out += length == 0 ? kReplacement : text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

std::string encode_header_text(std::string_view text, std::size_t used) {
  std::string clean = without_controls(text);
  clean.erase(0, clean.find_first_not_of(' '));
  clean.erase(clean.find_last_not_of(' ') + 1);
  const bool plain =
      is_ascii(clean) && clean.find("=?") == std::string::npos && !has_long_word(clean);
  return plain ? folded(clean, used) : encoded_words(clean, used);
}

std::string encode_phrase(std::string_view name) {
  const std::string clean = without_controls(name);
  if (!is_ascii(clean) || clean.size() > 60 || clean.find("=?") != std::string::npos) {
    return encoded_words(clean, 20);
  }
  std::string out = "\"";
  for (const char c : clean) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string encode_quoted_printable(std::string_view text) {
  std::string out;
  std::size_t used = 0;
  const auto put = [&](const std::string& piece) {
    if (used + piece.size() > kMaxLine - 1) {
      out += "=\r\n";
      used = 0;
    }
    out += piece;
    used += piece.size();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool ends_line = i + 1 == text.size() || text[i + 1] == '\n' || text[i + 1] == '\r';
    if (c == '\r') continue;
    if (c == '\n') {
      out += "\r\n";
      used = 0;
    } else if (is_printable_ascii(c) && c != '=' && !(c == ' ' && ends_line)) {
      put(std::string(1, c));
    } else {
      put("=" + hex(c));
    }
  }
  return out;
}

std::string rfc5322_date(millstream::Timestamp time) {
  constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                               "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  using namespace std::chrono;
  const sys_time<milliseconds> point{milliseconds(time.is_valid() ? time.ms() : 0)};
  const auto day = floor<days>(point);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<seconds>(point - day));
  const auto two = [](auto number) {
    const std::string text = std::to_string(number);
    return text.size() < 2 ? "0" + text : text;
  };
  return std::string(kDays[weekday(day).c_encoding()]) + ", " + two(unsigned(date.day())) + " " +
         kMonths[unsigned(date.month()) - 1] + " " + std::to_string(int(date.year())) + " " +
         two(clock.hours().count()) + ":" + two(clock.minutes().count()) + ":" +
         two(clock.seconds().count()) + " +0000";
}

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : valid_utf8(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        if (byte(c) >= ' ' || c == '\n') out += c;
    }
  }
  return out;
}

std::string escape_url(std::string_view text) {
  constexpr std::string_view kSafe =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
  std::string out;
  for (const char c : text) {
    out += kSafe.find(c) != std::string_view::npos ? std::string(1, c) : "%" + hex(c);
  }
  return out;
}

}  // namespace anomaly
