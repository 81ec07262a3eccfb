#pragma once

#include <string_view>

namespace anomaly {

/// The report's style sheet.
inline constexpr std::string_view kReportStyle = R"css(
:root{color-scheme:light dark;--bg:#fbfbfa;--card:#fff;--ink:#1d2126;--soft:#68707a;--line:#e3e5e8;
--value:#2f6f9f;--score:#8a93a0;--mark:#d0342c;--window:#e8a72022;--edge:#e8a720;--good:#25855a}
@media(prefers-color-scheme:dark){:root{--bg:#131518;--card:#1b1e22;--ink:#e8eaed;--soft:#99a1ab;
--line:#2d3238;--value:#6fb1e0;--score:#7b8591;--mark:#ff6b60;--window:#e8a72026;--edge:#d99c22;
--good:#5cc492}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",
Roboto,"Helvetica Neue",sans-serif}
main{max-width:1080px;margin:0 auto;padding:40px 24px 64px}
h1{font-size:26px;line-height:1.25;margin:0 0 4px;letter-spacing:-.01em}
h2{font-size:17px;margin:0;overflow-wrap:anywhere}
p{margin:0 0 16px;color:var(--soft)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:24px 0}
.tile{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px}
.tile b{display:block;font-size:22px;white-space:nowrap;line-height:1.2;font-variant-numeric:tabular-nums}
.tile span{color:var(--soft);font-size:13px}
section,.sheet{background:var(--card);border:1px solid var(--line);border-radius:10px;
padding:18px 20px;margin:0 0 16px}
.sheet{overflow-x:auto}
section header{display:flex;flex-wrap:wrap;gap:4px 16px;align-items:baseline;margin-bottom:8px}
section header span{color:var(--soft);font-size:13px}
table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums}
th{color:var(--soft);font-weight:500;text-align:left;font-size:13px}
th,td{padding:5px 12px 5px 0;border-bottom:1px solid var(--line);white-space:nowrap}
tr:last-child td{border-bottom:0}
.n{text-align:right}
a{color:inherit;text-decoration:none}a:hover{text-decoration:underline}
.yes{color:var(--good)}.soft{color:var(--soft)}
.legend{display:flex;flex-wrap:wrap;gap:6px 20px;font-size:13px;color:var(--soft);margin:0 0 16px}
.legend i{display:inline-block;width:18px;height:10px;margin-right:6px;border-radius:2px}
.legend .lw{background:var(--window);border:1px solid var(--edge)}
.legend .lv{height:2px;vertical-align:middle;background:var(--value)}
.legend .ls{height:2px;vertical-align:middle;background:var(--score)}
.legend .la{width:8px;height:8px;border-radius:50%;background:var(--mark)}
.legend .li{height:5px;vertical-align:middle;background:var(--mark)}
svg{display:block;width:100%;height:auto}
svg text{fill:var(--soft);font-size:11px}svg .y{text-anchor:end}
.g{stroke:var(--line);fill:none}
.v,.s{fill:none;stroke:var(--value);stroke-width:1.1;stroke-linejoin:round}
.s{stroke:var(--score);stroke-width:1}
.t{stroke:var(--mark);stroke-dasharray:4 4;fill:none;opacity:.7}
.w{fill:var(--window);stroke:var(--edge);stroke-width:.6}
.i{fill:var(--mark)}.a{fill:var(--mark);fill-opacity:.8}
details{margin-top:8px;font-size:14px;overflow-x:auto}
summary{cursor:pointer;color:var(--soft);font-size:13px}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 20px;margin:0;font-size:14px}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
@media print{body{background:none}section{break-inside:avoid}}
)css";

}  // namespace anomaly
