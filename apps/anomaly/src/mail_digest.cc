#include "mail_digest.h"

#include <algorithm>
#include <tuple>

#include "mail_alert_text.h"
#include "mail_encoding.h"
#include "mail_plot.h"

namespace anomaly {

namespace {

constexpr std::size_t kTextColumns = 60;
constexpr std::size_t kHtmlColumns = 72;

constexpr std::string_view kHtmlHead =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\"></head>\n"
    "<body style=\"margin:0;padding:16px;font:14px/1.5 sans-serif\">\n";

std::string headline(const AlertDigest& digest) {
  const AlertNotice& worst = digest.alerts.front();
  if (digest.alerts.size() == 1) {
    return worst.series + ": anomaly, score " + number_text(worst.peak_score) + " at " +
           time_text(worst.peak_time);
  }
  const std::string where = digest.group.empty() ? "" : " in " + digest.group;
  return std::to_string(digest.alerts.size()) + " alerts" + where + ", highest score " +
         number_text(worst.peak_score) + " (" + worst.series + ")";
}

std::string link(const AlertNotice& notice, const DigestOptions& options) {
  if (options.page_url.empty()) return {};
  return options.page_url + "#series=" + escape_url(notice.series) +
         "&at=" + std::to_string(notice.peak_time.ms());
}

std::string alert_as_text(const AlertNotice& notice, const DigestOptions& options) {
  std::string out = notice.series + "\n";
  for (const AlertFact& fact : alert_facts(notice)) {
    out += "  " + fact.name + std::string(9 - fact.name.size(), ' ') + fact.text + "\n";
  }
  const auto columns = plot_columns(notice, kTextColumns);
  if (!columns.empty()) out += "  values   " + text_plot(columns) + "\n";
  if (!options.page_url.empty()) out += "  page     " + link(notice, options) + "\n";
  return out;
}

std::string alert_as_html(const AlertNotice& notice, const DigestOptions& options) {
  std::string out = "<h2 style=\"margin:24px 0 4px;font-size:16px\">" + escape_html(notice.series) +
                    "</h2>\n" + html_plot(plot_columns(notice, kHtmlColumns)) +
                    "<table cellspacing=\"0\" cellpadding=\"0\" border=\"0\">\n";
  for (const AlertFact& fact : alert_facts(notice)) {
    out += "<tr><td valign=\"top\" style=\"padding:2px 12px 2px 0;color:#808080\">" +
           escape_html(fact.name) + "</td><td style=\"padding:2px 0\">" + escape_html(fact.text) +
           "</td></tr>\n";
  }
  out += "</table>\n";
  if (!options.page_url.empty()) {
    out += "<p style=\"margin:4px 0\"><a href=\"" + escape_html(link(notice, options)) +
           "\">Look at it on the live page</a></p>\n";
  }
  return out;
}

std::string rest_line(std::size_t rest) {
  return "and " + std::to_string(rest) + (rest == 1 ? " more alert" : " more alerts") +
         " with lower scores";
}

/// The alerts by score, the worst first; equal scores by time and id, so that the order is fixed.
AlertDigest sorted(AlertDigest digest) {
  std::sort(digest.alerts.begin(), digest.alerts.end(),
            [](const AlertNotice& a, const AlertNotice& b) {
              if (a.peak_score != b.peak_score) return a.peak_score > b.peak_score;
              return std::tie(a.start, a.id) < std::tie(b.start, b.id);
            });
  return digest;
}

}  // namespace

MailMessage compose_mail(const AlertDigest& unsorted, const DigestOptions& options) {
  MailMessage mail{.from = options.from,
                   .to = options.to,
                   .date = unsorted.date,
                   .message_id = unsorted.message_id,
                   .thread_id = unsorted.thread_id};
  if (unsorted.alerts.empty()) return mail;
  const AlertDigest digest = sorted(unsorted);
  const std::string title = headline(digest);
  mail.subject = "[anomaly] " + title;
  mail.text = title + "\n";
  mail.html = std::string(kHtmlHead) + "<p style=\"margin:0;font-size:16px\"><b>" +
              escape_html(title) + "</b></p>\n";
  const std::size_t shown = std::min(digest.alerts.size(), options.max_alerts);
  for (std::size_t i = 0; i < shown; ++i) {
    mail.text += "\n" + alert_as_text(digest.alerts[i], options);
    mail.html += alert_as_html(digest.alerts[i], options);
  }
  if (const std::size_t rest = digest.alerts.size() - shown; rest > 0) {
    mail.text += "\n" + rest_line(rest) + "\n";
    mail.html += "<p>" + rest_line(rest) + "</p>\n";
  }
  mail.html += "</body></html>\n";
  return mail;
}

}  // namespace anomaly
