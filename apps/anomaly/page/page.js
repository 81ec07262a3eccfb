'use strict';
// The live page. Everything it shows comes from /api/v1; nothing from elsewhere. Text is only ever
// set as text: names of series come from outside.

const byId = id => document.getElementById(id);
const SVG = 'http://www.w3.org/2000/svg';

function make(parent, name, attributes = {}, ...children) {
  const isSvg = parent instanceof SVGElement || name === 'svg';
  const node = isSvg ? document.createElementNS(SVG, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null) node.setAttribute(key, value);
  }
  node.append(...children);
  if (parent) parent.append(node);
  return node;
}
const setText = (id, text) => { const at = byId(id); if (at.textContent !== text) at.textContent = text || '\u00a0'; };

// ---- Numbers and times ---------------------------------------------------------------------------

function count(n) {
  if (n === null || n === undefined || !isFinite(n)) return '–';
  const size = Math.abs(n);
  if (size >= 1e9) return (n / 1e9).toFixed(2) + ' G';
  if (size >= 1e6) return (n / 1e6).toFixed(2) + ' M';
  if (size >= 1e4) return (n / 1e3).toFixed(size >= 1e5 ? 0 : 1) + ' k';
  if (size >= 100 || Number.isInteger(n)) return Math.round(n).toLocaleString('en');
  return n.toFixed(size >= 10 ? 1 : 2);
}
function bytes(n) {
  if (!n) return '0 B';
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log(n) / Math.log(1000)));
  const value = n / 1000 ** power;
  return (value >= 100 || power === 0 ? Math.round(value) : value.toFixed(1)) + ' ' + units[power];
}
function seconds(s) {
  if (s === null || s === undefined) return '–';
  if (s < 0.001) return '< 1 ms';
  if (s < 1) return (s * 1000).toFixed(s < 0.01 ? 1 : 0) + ' ms';
  if (s < 120) return s.toFixed(s < 10 ? 1 : 0) + ' s';
  return span(s * 1000);
}
function span(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return s + ' s';
  if (s < 3600) return Math.floor(s / 60) + ' min';
  if (s < 86400) return Math.floor(s / 3600) + ' h ' + Math.floor(s % 3600 / 60) + ' min';
  return Math.floor(s / 86400) + ' d ' + Math.floor(s % 86400 / 3600) + ' h';
}
const stamp = ms => ms === null ? '–' : new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
function value(v) {
  if (v === null) return '–';
  const size = Math.abs(v);
  if (size >= 1e12 || (size > 0 && size < 1e-3)) return v.toExponential(2);
  const [unit, name] = size >= 1e9 ? [1e9, ' G'] : size >= 1e6 ? [1e6, ' M'] : size >= 1e5 ? [1e3, ' k'] : [1, ''];
  return +(v / unit).toPrecision(4) + name;
}

// ---- Charts --------------------------------------------------------------------------------------

const WINDOW = 300;  // seconds

// A line over what there is of the last five minutes; the right edge is now. `series`: functions of a sample.
function chart(id, samples, series, format) {
  const box = byId(id);
  if (!box.firstChild) {
    const svg = make(box, 'svg', {viewBox: '0 0 300 58', preserveAspectRatio: 'none'});
    make(svg, 'line', {class: 'base', x1: 0, x2: 300, y1: 57.5, y2: 57.5});
    make(svg, 'path', {class: 'area'});
    series.forEach((_, i) => make(svg, 'path', {class: i ? 'second' : 'line'}));
    make(svg, 'line', {class: 'hair', y1: 0, y2: 58, hidden: ''}).style.display = 'none';
    const tip = make(box, 'span', {class: 'tip'});
    tip.hidden = true;
    box.onpointermove = event => hover(box, event);
    box.onpointerleave = () => { tip.hidden = true; box.querySelector('.hair').style.display = 'none'; };
  }
  const end = samples.length ? samples[samples.length - 1].time_ms : 0;
  const width = Math.max(60, samples.length ? (end - samples[0].time_ms) / 1000 : 0);
  const x = sample => 300 - (end - sample.time_ms) / 1000 / width * 300;
  let most = 0;
  for (const sample of samples) for (const of of series) most = Math.max(most, of(sample) || 0);
  const y = v => 56 - (most ? v / most : 0) * 52;
  const paths = series.map(of => {
    let text = '';
    let pen = false;
    for (const sample of samples) {
      const v = of(sample);
      if (v === null) { pen = false; continue; }
      text += (pen ? 'L' : 'M') + x(sample).toFixed(1) + ' ' + y(v).toFixed(1);
      pen = true;
    }
    return text;
  });
  const known = samples.filter(s => series[0](s) !== null);
  const area = known.length < 2 || known.length < samples.length ? ''
    : paths[0] + `L${x(known[known.length - 1]).toFixed(1)} 58L${x(known[0]).toFixed(1)} 58Z`;
  box.querySelector('.area').setAttribute('d', area);
  box.querySelectorAll('.line, .second').forEach((path, i) => path.setAttribute('d', paths[i]));
  box.data = {samples, series, format, x};
}

function hover(box, event) {
  const {samples, series, format, x} = box.data || {};
  if (!samples || !samples.length) return;
  const frame = box.getBoundingClientRect();
  const at = (event.clientX - frame.left) / frame.width * 300;
  const sample = samples.reduce((a, b) => Math.abs(x(b) - at) < Math.abs(x(a) - at) ? b : a);
  const tip = box.querySelector('.tip');
  tip.textContent = series.map(of => format(of(sample))).join(' · ') + '  ' +
    new Date(sample.time_ms).toLocaleTimeString('en-GB');
  tip.hidden = false;
  const half = tip.offsetWidth / 2;
  const left = x(sample) / 300 * frame.width;
  tip.style.left = Math.max(half, Math.min(frame.width - half, left)) + 'px';
  const hair = box.querySelector('.hair');
  hair.style.display = '';
  hair.setAttribute('x1', x(sample));
  hair.setAttribute('x2', x(sample));
}

// ---- State ---------------------------------------------------------------------------------------

const model = {status: null, samples: [], threads: [], topology: null, rates: null, incidents: new Map(),
  link: 'connecting', downSince: null, restoreTotal: 0};

function sampleOf(row, fields) {
  const sample = {};
  fields.forEach((name, i) => { sample[name] = row[i]; });
  return sample;
}

const TONES = {RUNNING: 'good', REBALANCING: 'warn', CREATED: 'warn', PENDING_SHUTDOWN: 'warn', NOT_RUNNING: 'idle',
  PENDING_ERROR: 'bad', ERROR: 'bad'};

function showHeader() {
  const status = model.status;
  document.body.dataset.link = model.link;
  const link = byId('link');
  link.replaceChildren(make(null, 'i'), make(null, 'b', {}, {live: 'live', polling: 'polling', down: 'no connection',
    connecting: 'connecting'}[model.link]));
  if (!status) return;
  setText('app', status.application_id || 'millstream');
  document.title = (status.state || status.phase) + ' · ' + (status.application_id || 'millstream');
  const facts = [status.services.filter(name => name !== 'page').join(' + '), status.broker, (status.guarantee || '').replaceAll('_', ' '),
    status.model ? 'model ' + status.model.version.slice(0, 8) : '', 'up ' + span(status.now_ms - status.started_ms)];
  setText('facts', facts.filter(Boolean).join('  ·  '));
  const restoring = status.state === 'REBALANCING' && status.restore_remaining > 0;
  const text = restoring ? 'RESTORING' : status.state || status.phase.toUpperCase();
  const pill = byId('state');
  pill.dataset.tone = status.state ? TONES[status.state] : status.phase === 'running' ? 'good' : 'warn';
  pill.replaceChildren(make(null, 'i'), make(null, 'b', {}, text));
  setText('version', 'millstream ' + status.version);
}

function showBanner() {
  const status = model.status;
  let banner = null;
  if (model.link === 'down') {
    const since = model.downSince ? ' since ' + new Date(model.downSince).toLocaleTimeString('en-GB') : '';
    banner = ['bad', 'No connection to the service' + since + '.', 'What you see is as it was then; trying again every few seconds.'];
  } else if (status && status.state === 'ERROR') {
    banner = ['bad', 'The detector has stopped with an error.', 'Its log says why.'];
  } else if (status && status.restore_remaining > 0) {
    const restores = model.threads.flatMap(t => t.tasks).flatMap(t => t.stores).filter(s => s.restore).map(s => s.restore);
    const whole = restores.reduce((sum, r) => sum + r.end - r.from, 0);
    model.restoreTotal = Math.max(model.restoreTotal, whole, status.restore_remaining);
    const done = 1 - status.restore_remaining / model.restoreTotal;
    banner = ['flow', 'Restoring state from the changelogs.', count(status.restore_remaining) + ' records to go; scoring goes on where it was as soon as a task has its state.', done];
  } else if (status && status.phase === 'waiting for the broker') {
    banner = ['warn', 'The broker doesn’t answer.', 'Waiting for ' + status.broker + ', asking every 5 s. Is it running there?'];
  } else if (status && status.phase === 'stopping') {
    banner = ['warn', 'The service is stopping.', 'It commits what is done and closes.'];
  }
  if (!status || !status.restore_remaining) model.restoreTotal = 0;
  const box = byId('banner');
  box.hidden = !banner;
  if (!banner) return;
  box.dataset.tone = banner[0];
  setText('banner-title', banner[1]);
  setText('banner-text', banner[2]);
  byId('banner-bar').hidden = banner[3] === undefined;
  if (banner[3] !== undefined) byId('banner-bar').firstChild.style.width = banner[3] * 100 + '%';
}

function showTiles() {
  const status = model.status;
  const samples = model.samples;
  if (!status) return;
  const totals = status.totals;
  const latest = samples.slice(-5);
  const rate = latest.length ? latest.reduce((sum, s) => sum + s.records_per_second, 0) / latest.length : null;
  setText('throughput', count(rate));
  setText('throughput-sub', totals.records_processed ? count(totals.records_processed) + ' records so far'
    : status.phase === 'running' ? 'Waiting for records' : 'Not started yet');
  const lag = model.threads.length ? status.lag : null;
  setText('lag', count(lag));
  setText('lag-sub', lagText(lag, rate));
  const end = status.latency && status.latency.end_to_end;
  setText('latency', end ? seconds(end.p50) : '–');
  const commit = status.latency && status.latency.commit;
  setText('latency-unit', end ? 'p50, end to end' : '');
  setText('latency-sub', end ? 'p99 ' + seconds(end.p99) + (commit ? '  ·  commit p99 ' + seconds(commit.p99) : '')
    : 'Nothing was scored in the last 10 s');
  setText('anomalies', count(totals.anomalies));
  const share = totals.events_scored ? totals.anomalies / totals.events_scored * 100 : 0;
  setText('anomalies-sub', totals.events_scored ? share.toFixed(2) + ' % of ' + count(totals.events_scored) + ' scores  ·  '
    + count(totals.alerts) + ' alerts' : 'No scores yet');
  chart('chart-throughput', samples, [s => s.records_per_second], v => count(v) + '/s');
  chart('chart-lag', samples, [s => s.lag], count);
  chart('chart-latency', samples, [s => s.end_to_end_p99, s => s.end_to_end_p50], seconds);
  chart('chart-anomalies', samples, [s => s.anomalies_per_second], v => count(v) + '/s');
}

function lagText(lag, rate) {
  if (lag === undefined || lag === null) return 'Known once there are tasks';
  if (lag === 0) return 'Everything is scored and committed';
  if (rate > 1) return 'about ' + seconds(lag / rate) + ' of work';
  return 'no progress at the moment';
}

// ---- Topology ------------------------------------------------------------------------------------

const NODE_H = 34, GAP_X = 64, GAP_Y = 26, STORE_H = 40;
const clip = (text, most) => text.length > most ? text.slice(0, most - 1) + '…' : text;
// Names that nobody gave: "KTABLE-SUPPRESS-0000000006" is "suppress 6".
const short = name => name.replace(/^K(?:STREAM|TABLE)-(.+)-0*(\d+)$/, (_, what, n) => what.toLowerCase().replaceAll('-', ' ') + ' ' + n);
const widthOf = text => Math.max(64, Math.min(26, text.length) * 7.1 + 22);

// Nodes and edges as they are drawn: a source and its topic are one, so are a sink and its topic.
function graphOf(topology) {
  const nodes = new Map();
  const edges = [];
  const topic = name => {
    const id = 't:' + name;
    if (!nodes.has(id)) nodes.set(id, {id, label: name, name, kind: 'topic', stores: []});
    return id;
  };
  for (const group of topology.subtopologies) {
    const idOf = new Map();
    for (const node of group.nodes) {
      if (node.kind === 'processor') {
        const id = 'n:' + node.name;
        nodes.set(id, {id, label: short(node.name), name: node.name, kind: 'node', stores: node.stores});
        idOf.set(node.name, [id]);
      } else {
        idOf.set(node.name, (node.topics || [node.topic || node.name]).map(topic));
      }
    }
    for (const node of group.nodes) {
      for (const child of node.children) {
        for (const from of idOf.get(node.name)) {
          for (const to of idOf.get(child)) edges.push({from, to, key: node.name + '\n' + child, source: node.kind === 'source' ? node.topics : null});
        }
      }
    }
  }
  return {nodes: [...nodes.values()], edges};
}

// Longest path from the sources gives the column; the mean of the neighbours' rows the order.
function layOut(graph) {
  const by = new Map(graph.nodes.map(n => [n.id, n]));
  graph.nodes.forEach(n => { n.column = 0; n.in = []; n.out = []; });
  for (const edge of graph.edges) { by.get(edge.from).out.push(edge.to); by.get(edge.to).in.push(edge.from); }
  for (let round = 0, moved = true; moved && round < graph.nodes.length; ++round) {
    moved = false;
    for (const edge of graph.edges) {
      const from = by.get(edge.from), to = by.get(edge.to);
      if (to.column <= from.column) { to.column = from.column + 1; moved = true; }
    }
  }
  const columns = [];
  graph.nodes.forEach(n => (columns[n.column] ||= []).push(n));
  columns.forEach(column => column.forEach((n, i) => { n.row = i; }));
  for (let sweep = 0; sweep < 6; ++sweep) {
    const order = sweep % 2 ? [...columns].reverse() : columns;
    for (const column of order) {
      const mean = n => {
        const near = (sweep % 2 ? n.out : n.in).map(id => by.get(id).row);
        return near.length ? near.reduce((a, b) => a + b, 0) / near.length : n.row;
      };
      column.sort((a, b) => mean(a) - mean(b) || weight(b) - weight(a)).forEach((n, i) => { n.row = i; });
    }
  }
  let x = 8;
  const heightOf = n => NODE_H + (n.stores.length ? STORE_H + 16 : 0);
  const columnHeight = column => column.reduce((sum, n) => sum + heightOf(n) + GAP_Y, -GAP_Y);
  const height = Math.max(...columns.map(columnHeight));
  for (const column of columns) {
    const width = Math.max(...column.map(n => Math.max(widthOf(n.label), ...n.stores.map(s => widthOf(short(s))))));
    let y = 12 + (height - columnHeight(column)) / 2;
    for (const n of column) {
      n.w = widthOf(n.label);
      n.x = x + (width - n.w) / 2;
      n.y = y;
      n.cx = x + width / 2;
      y += heightOf(n) + GAP_Y;
    }
    x += width + GAP_X;
  }
  return {width: x - GAP_X + 8, height: height + 24};
}
// Longer ways further up.
const weight = n => n.out.length;

function drawTopology() {
  const box = byId('topology');
  const graph = graphOf(model.topology);
  if (!graph.nodes.length) return;
  const size = layOut(graph);
  const svg = make(null, 'svg', {viewBox: `0 0 ${size.width} ${size.height}`, width: size.width, height: size.height,
    role: 'img', 'aria-label': 'The topology: topics, processors and stores, with records a second on the edges'});
  const most = box.clientWidth;
  if (most && size.width > most) {
    const scale = Math.max(0.72, most / size.width);
    svg.setAttribute('width', size.width * scale);
    svg.setAttribute('height', size.height * scale);
  }
  const by = new Map(graph.nodes.map(n => [n.id, n]));
  graph.drawn = graph.edges.map(edge => {
    const a = by.get(edge.from), b = by.get(edge.to);
    const x1 = a.x + a.w, y1 = a.y + NODE_H / 2, x2 = b.x - 2, y2 = b.y + NODE_H / 2;
    const bend = Math.min(46, (x2 - x1) / 2);
    const path = make(svg, 'path', {class: 'edge', d: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`});
    // Where the curve is 0.6 of the way: edges that part have parted there.
    const t = y1 === y2 ? 0.5 : 0.6, ease = t * t * (3 - 2 * t);
    const label = make(svg, 'text', {class: 'rate', x: x1 + (x2 - x1) * ((y1 === y2 ? 0.5 : 0.56)), y: y1 + (y2 - y1) * ease - 6});
    return {edge, path, label};
  });
  graph.stores = [];
  for (const n of graph.nodes) {
    const at = make(svg, 'g', {class: 'node ' + n.kind});
    make(at, 'title', {}, n.name);
    make(at, 'rect', {x: n.x, y: n.y, width: n.w, height: NODE_H, rx: n.kind === 'topic' ? NODE_H / 2 : 7});
    make(at, 'text', {x: n.cx, y: n.y + NODE_H / 2 + 4}, clip(n.label, 25));
    const wide = n.stores.map(s => widthOf(short(s)));
    let x = n.cx - (wide.reduce((a, b) => a + b, 0) + 8 * (wide.length - 1)) / 2;
    n.stores.forEach((store, i) => {
      graph.stores.push(drawStore(svg, store, x, n.y + NODE_H + 14, wide[i], n));
      x += wide[i] + 8;
    });
  }
  box.replaceChildren(svg);
  model.graph = graph;
  showRates();
}

function drawStore(svg, store, x, y, w, n) {
  make(svg, 'path', {class: 'tie', d: `M${n.cx} ${n.y + NODE_H}L${x + w / 2} ${y}`});
  const at = make(svg, 'g', {class: 'store'});
  const title = make(at, 'title', {}, store);
  const h = STORE_H - 6, r = 4;
  make(at, 'path', {d: `M${x} ${y + r}a${w / 2} ${r} 0 0 1 ${w} 0v${h}a${w / 2} ${r} 0 0 1 ${-w} 0zm0 0a${w / 2} ${r} 0 0 0 ${w} 0`});
  make(at, 'text', {x: x + w / 2, y: y + 20}, clip(short(store), 24));
  const size = make(at, 'text', {x: x + w / 2, y: y + 34});
  return {store, size, title};
}

function showRates() {
  const {graph, rates} = model;
  if (!graph || !rates) return;
  const rateOf = new Map(rates.edges.map(([from, to, rate]) => [from + '\n' + to, rate]));
  for (const {edge, path, label} of graph.drawn) {
    const rate = rateOf.get(edge.key);
    const live = rate > 0;
    path.classList.toggle('live', live);
    path.style.strokeWidth = live ? 1.4 + Math.min(2.6, Math.log10(1 + rate) * 0.55) : 1.2;
    label.classList.toggle('live', live);
    const text = rate === undefined ? '' : live ? count(rate) + '/s' : '0';
    if (label.textContent !== text) label.textContent = text;
  }
  for (const {store, size, title} of graph.stores) {
    const known = rates.stores[store];
    const text = known ? count(known.entries) + ' · ' + bytes(known.database_bytes) : '–';
    if (size.textContent !== text) size.textContent = text;
    title.textContent = known ? `${store}: about ${known.entries} entries, ${bytes(known.database_bytes)} in RocksDB` : store;
  }
}

// ---- Anomalies -----------------------------------------------------------------------------------

const FATES = {open: ['open', 'more of it may come'], alerted: ['alert sent', 'one alert for all of it'],
  mailed: ['mailed', 'a mail went out']};

function spark(points, incident) {
  const svg = make(null, 'svg', {class: 'spark', viewBox: '0 0 300 60', preserveAspectRatio: 'none', role: 'img',
    'aria-label': 'values around the anomaly, and their scores'});
  if (points.length < 2) return svg;
  const first = points[0][0], last = points[points.length - 1][0];
  const x = t => last === first ? 150 : 3 + (t - first) / (last - first) * 294;
  const low = Math.min(...points.map(p => p[1])), high = Math.max(...points.map(p => p[1]));
  const y = v => high === low ? 20 : 37 - (v - low) / (high - low) * 33;
  // The lower lane: scores from the lowest to a bit above the highest.
  const top = Math.max(incident.threshold, ...points.map(p => p[2])) * 1.03 || 1;
  const bottom = Math.min(incident.threshold, ...points.map(p => p[2]).filter(v => v > 0)) * 0.97;
  const z = v => 59 - Math.max(0, v - bottom) / (top - bottom) * 17;
  const from = x(Math.max(first, incident.start_ms)), to = x(Math.min(last, incident.end_ms));
  make(svg, 'rect', {class: 'window', x: from - 2, y: 0, width: Math.max(4, to - from + 4), height: 60});
  const line = (of, i) => points.map((p, n) => (n ? 'L' : 'M') + x(p[0]).toFixed(1) + ' ' + of(p[i]).toFixed(1)).join('');
  make(svg, 'path', {class: 'value', d: line(y, 1)});
  make(svg, 'path', {class: 'score', d: line(z, 2)});
  make(svg, 'line', {class: 'threshold', x1: 0, x2: 300, y1: z(incident.threshold), y2: z(incident.threshold)});
  for (const p of points) {
    if (p[3]) make(svg, 'path', {class: 'hit', d: `M${x(p[0]).toFixed(1)} ${y(p[1]).toFixed(1)}h.01`});
  }
  return svg;
}

function incidentRow(one) {
  const row = make(null, 'article', {class: 'incident', 'data-id': one.id});
  const about = make(row, 'div');
  const name = make(about, 'h3');
  for (const part of one.series.split(/(?<=[/_-])/)) name.append(part, document.createElement('wbr'));
  const length = one.end_ms - one.start_ms;
  make(about, 'p', {class: 'when'}, stamp(one.start_ms) + (length ? ' + ' + span(length) : '') + '  ·  ' +
    count(one.count) + (one.count === 1 ? ' point' : ' points'));
  make(about, 'p', {class: 'why'}, value(one.peak_value) + ' where about ' + value(one.expected) + ' was expected' +
    (one.contributions.length ? '; ' + one.contributions[0].feature.replaceAll('_', ' ') : ''));
  row.append(spark(one.points, one));
  const score = make(row, 'div');
  const line = make(score, 'p', {class: 'scoreline'});
  make(line, 'span', {}, 'score ').append(make(null, 'b', {}, one.peak_score.toFixed(3)));
  make(line, 'span', {}, 'threshold ' + one.threshold.toFixed(3));
  const meter = make(score, 'div', {class: 'meter'});
  const most = Math.max(1e-9, one.peak_score, one.threshold) * 1.08;
  make(meter, 'i').style.width = one.peak_score / most * 100 + '%';
  make(meter, 'u').style.left = one.threshold / most * 100 + '%';
  make(score, 'p', {class: 'why'}, '+' + ((one.peak_score / one.threshold - 1) * 100).toFixed(0) + ' % over the threshold');
  const fate = make(row, 'div', {class: 'fate', 'data-fate': one.fate, title: FATES[one.fate][1]});
  make(fate, 'b', {}, FATES[one.fate][0]);
  make(fate, 'p', {}, 'seen ' + new Date(one.seen_ms).toLocaleTimeString('en-GB'));
  return row;
}

const SHOWN = 12;

function showIncidents(fresh = new Set()) {
  const box = byId('incidents');
  const all = [...model.incidents.values()].sort((a, b) => b.seen_ms - a.seen_ms || b.id - a.id);
  for (const old of all.slice(100)) model.incidents.delete(old.id);
  const shown = all.slice(0, SHOWN);
  if (!shown.length) {
    const scored = model.status && model.status.totals.events_scored > 0;
    box.replaceChildren(make(null, 'p', {class: 'empty'}, scored
      ? 'Nothing unusual so far: no score has been above the threshold.'
      : 'Anomalies appear here as soon as scores are above the threshold.'));
    return;
  }
  const rows = new Map([...box.children].filter(c => c.dataset.id).map(c => [+c.dataset.id, c]));
  box.replaceChildren(...shown.map(one => {
    const old = rows.get(one.id);
    if (old && !fresh.has(one.id)) return old;
    const row = incidentRow(one);
    if (!old && fresh.size) row.classList.add('new');
    return row;
  }));
}

// ---- Tasks ---------------------------------------------------------------------------------------

function progressCell(task, source) {
  const cell = make(null, 'td');
  const restore = task.stores.filter(s => s.restore);
  if (task.state === 'restoring') {
    const sum = f => restore.reduce((n, s) => n + f(s.restore), 0);
    const total = sum(r => r.end - r.from), left = sum(r => r.remaining);
    const done = total ? 1 - left / total : 0;
    make(make(cell, 'div', {class: 'bar', 'data-tone': 'warn'}), 'i').style.width = done * 100 + '%';
    make(cell, 'span', {class: 'small'}, total ? 'restoring, ' + count(left) + ' to go' : 'opening');
    return cell;
  }
  const done = source.end > 0 && source.committed !== null ? Math.min(1, source.committed / source.end) : 0;
  const bar = make(cell, 'div', {class: 'bar', title: source.end ? (done * 100).toFixed(1) + ' % of the log' : 'the log is empty'});
  make(bar, 'i').style.width = done * 100 + '%';
  return cell;
}

function taskRow(task, source, first) {
  const row = make(null, 'tr', {'data-task': task.task});
  const cell = (text, kind) => make(row, 'td', kind ? {class: kind} : {}, text);
  cell(first ? task.task : '', 'mono');
  const state = make(row, 'td');
  if (first) make(state, 'span', {class: 'tag', 'data-tone': task.state === 'running' ? 'good' : 'warn'}, task.state);
  cell(source ? source.topic + '-' + source.partition : '–', source ? '' : 'dim');
  cell(source && source.committed !== null ? source.committed.toLocaleString('en') : '–', 'n');
  cell(source && source.end !== null ? source.end.toLocaleString('en') : '–', 'n');
  cell(source ? count(source.lag) : '–', 'n' + (source && source.lag > 1000 ? ' late' : ''));
  row.append(progressCell(task, source || {}));
  cell(source ? count(source.records) : '–', 'n');
  cell(first && task.commits ? count(task.commits) : '', 'n');
  cell(first ? stamp(task.stream_time_ms ?? null) : '', 'small');
  cell(first ? task.stores.map(s => clip(short(s.name), 24) + ' ' + count(s.entries)).join(', ') || '–' : '', 'small');
  return row;
}

function showTasks() {
  const rows = [];
  for (const thread of model.threads) {
    for (const task of thread.tasks) {
      const sources = task.sources.length ? task.sources : [null];
      sources.forEach((source, i) => rows.push({id: task.task, row: taskRow(task, source, i === 0)}));
    }
  }
  rows.sort((a, b) => a.id.localeCompare(b.id, 'en', {numeric: true}));
  byId('tasks').tBodies[0].replaceChildren(...rows.map(r => r.row));
  byId('tasks').hidden = !rows.length;
  byId('tasks-empty').hidden = rows.length > 0;
  byId('threads').replaceChildren(...model.threads.map(t =>
    make(null, 'b', {class: 'tag', 'data-tone': t.state === 'RUNNING' ? 'good' : 'warn', title: t.name},
      t.name.replace(/^.*StreamThread/, 'thread') + ' ' + t.state.toLowerCase().replaceAll('_', ' '))));
}

// ---- The rest ------------------------------------------------------------------------------------

function showHealth() {
  const status = model.status;
  if (!status) return;
  const t = status.totals;
  const looked = t.cache_hits + t.cache_misses;
  const facts = [
    ['Dead letters', count(t.dead_letters), '', t.dead_letters > 0],
    ['Dropped', count(t.dropped + t.passed_over), 'late or faulty', t.dropped + t.passed_over > 0],
    ['Commits', count(t.commits), t.aborts ? count(t.aborts) + ' aborted' : '', false],
    ['Rebalances', count(t.rebalances), '', false],
    ['Score cache', looked ? (t.cache_hits / looked * 100).toFixed(1) + ' %' : '–', 'hit rate', false],
    ['Write buffers', bytes(t.buffer_bytes), '', false],
    ['RocksDB memory', bytes(t.rocksdb_memory_bytes), '', false],
  ];
  if (status.services.includes('alert')) {
    facts.push(['Mails sent', count(t.mails_sent), count(t.mails_waiting) + ' waiting', false]);
    facts.push(['Mail failures', count(t.mail_failures), '', t.mail_failures > 0]);
  }
  byId('health').replaceChildren(...facts.map(([name, text, more, bad]) => {
    const box = make(null, 'div', bad ? {class: 'bad'} : {});
    make(box, 'dt', {}, name);
    make(box, 'dd', {}, text + ' ').append(make(null, 'small', {}, more));
    return box;
  }));
}

function showAll() {
  showHeader();
  showBanner();
  showTiles();
  showTasks();
  showHealth();
  showRates();
  showIncidents();
}

// ---- Talking with the service --------------------------------------------------------------------

class NeedsToken extends Error {}

function headers() {
  const token = sessionStorage.getItem('millstream-token');
  return token ? {Authorization: 'Bearer ' + token} : {};
}
async function get(path) {
  const answer = await fetch('/api/v1/' + path, {headers: headers(), cache: 'no-store', signal: AbortSignal.timeout(8000)});
  if (answer.status === 401) throw new NeedsToken();
  if (!answer.ok) throw new Error('status ' + answer.status);
  return answer.json();
}

async function loadAll() {
  const [status, history, threads, topology, rates, anomalies] = await Promise.all(
    ['status', 'history', 'threads', 'topology', 'rates', 'anomalies?limit=60'].map(get));
  model.status = status;
  model.samples = history.samples.map(row => sampleOf(row, history.fields));
  model.fields = history.fields;
  model.threads = threads;
  model.rates = rates;
  // Ids count from 1 in each process: another one has other incidents.
  model.incidents = new Map(anomalies.map(one => [one.id, one]));
  byId('incidents').replaceChildren();
  takeTopology(topology);
}

function takeTopology(topology) {
  const text = JSON.stringify(topology);
  if (text === model.topologyText || !topology.subtopologies.length) return;
  model.topologyText = text;
  model.topology = topology;
  drawTopology();
}

const take = {
  status(status) {
    const started = model.status && model.status.started_ms;
    model.status = status;
    if (started && started !== status.started_ms) throw new Error('another process');
    if (status.sample) {
      model.samples.push(sampleOf(status.sample, model.fields));
      const oldest = status.now_ms - WINDOW * 1000;
      while (model.samples.length && model.samples[0].time_ms < oldest) model.samples.shift();
    }
    if (!model.topology && status.state) get('topology').then(takeTopology).catch(() => {});
    showHeader();
    showBanner();
    showTiles();
    showHealth();
    if (!model.incidents.size) showIncidents();
  },
  threads(threads) { model.threads = threads; showTasks(); },
  rates(rates) { model.rates = rates; showRates(); },
  anomalies(changed) {
    for (const one of changed) model.incidents.set(one.id, one);
    showIncidents(new Set(changed.map(one => one.id)));
  },
};

// Reads the event stream until it ends. A token can't be given to an EventSource, to fetch it can.
async function listen() {
  const stop = new AbortController();
  let watch = setTimeout(() => stop.abort(), 8000);
  try {
    const answer = await fetch('/api/v1/events', {headers: headers(), cache: 'no-store', signal: stop.signal});
    if (answer.status === 401) throw new NeedsToken();
    if (answer.status === 503) return poll();
    if (!answer.ok) throw new Error('status ' + answer.status);
    setLink('live');
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    for (;;) {
      const {value: chunk, done} = await reader.read();
      if (done) return;
      clearTimeout(watch);
      watch = setTimeout(() => stop.abort(), 8000);  // a status comes every second
      text += chunk;
      for (let end; (end = text.indexOf('\n\n')) >= 0; text = text.slice(end + 2)) event(text.slice(0, end));
    }
  } finally {
    clearTimeout(watch);
    stop.abort();
  }
}
function event(block) {
  let name = '';
  const data = [];
  for (const line of block.split('\n')) {
    if (line.startsWith('event: ')) name = line.slice(7);
    if (line.startsWith('data: ')) data.push(line.slice(6));
  }
  if (take[name] && data.length) take[name](JSON.parse(data.join('\n')));
}
// All event streams of the service are taken: ask instead.
async function poll() {
  setLink('polling');
  for (;;) {
    await new Promise(done => setTimeout(done, 3000));
    await loadAll();
    showAll();
  }
}

function setLink(link) {
  if (link === 'down' && model.link !== 'down') model.downSince = Date.now();
  model.link = link;
  showHeader();
  showBanner();
}

async function run() {
  for (let wait = 1000; ; wait = Math.min(wait * 1.6, 8000)) {
    try {
      await loadAll();
      showAll();
      wait = 1000;
      await listen();
      setLink('down');
    } catch (error) {
      if (error instanceof NeedsToken) return askForToken();
      setLink('down');
    }
    await new Promise(done => setTimeout(done, wait));
  }
}

function askForToken() {
  byId('main').hidden = true;
  byId('login').hidden = false;
  byId('token').focus();
}
byId('login').onsubmit = submitted => {
  submitted.preventDefault();
  sessionStorage.setItem('millstream-token', byId('token').value);
  byId('login').hidden = true;
  byId('main').hidden = false;
  run();
};
let resizing;
addEventListener('resize', () => {
  clearTimeout(resizing);
  resizing = setTimeout(() => { if (model.topology) drawTopology(); }, 150);
});
run();
