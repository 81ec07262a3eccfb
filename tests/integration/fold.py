"""What must be in Redis, in the topic of alerts and in the mails, from the topics alone: written from
the documentation, with none of the program's code."""

import collections
import datetime
import json

RECENT = 500  # records that Redis keeps of a series
GAP = 2 * 3_600_000  # of a session, milliseconds
LOOK = 60_000  # how often the detector looks for sessions that are over


def by_offset(rows):
    return sorted(rows, key=lambda row: (row["partition"], row["offset"]))


def incidents(anomalies, scores):
    """The sessions of the anomalies: those that must have been told, those that may have been."""
    ends = collections.defaultdict(int)
    for row in scores:
        ends[row["partition"]] = max(ends[row["partition"]], row["timestamp_ms"])
    sessions = collections.defaultdict(list)
    for row in sorted(anomalies, key=lambda row: (row["series"], row["timestamp_ms"])):
        of_series = sessions[row["series"]]
        if of_series and row["timestamp_ms"] - of_series[-1][-1]["timestamp_ms"] <= GAP:
            of_series[-1].append(row)
        else:
            of_series.append([row])
    must, may = {}, {}
    for series, all_of_series in sessions.items():
        for session in all_of_series:
            start, end = session[0]["timestamp_ms"], session[-1]["timestamp_ms"]
            peak = max(session, key=lambda row: (row["score"], -row["timestamp_ms"]))
            facts = {"start_ms": start, "end_ms": end, "count": len(session),
                     "peak_score": peak["score"], "peak_ms": peak["timestamp_ms"],
                     "peak_value": peak["value"]}
            passed = ends[session[0]["partition"]] - (end + GAP)
            (must if passed > LOOK else may)[series, start] = facts
    return must, may


def series_in_redis(scores):
    """Series → (recent list, hash of scores, state) as the sink must have written them."""
    expected = {}
    rows_of = collections.defaultdict(list)
    for row in by_offset(scores):
        rows_of[row["series"]].append(row)
    for series, rows in rows_of.items():
        recent = [{"timestamp": row["timestamp_ms"], "value": row["value"], "score": row["score"],
                   "anomaly": row["anomaly"]} for row in rows[:-RECENT - 1:-1]]
        last = rows[-1]
        anomalies = [row for row in rows if row["anomaly"]]
        state = {"timestamp": last["timestamp_ms"], "value": last["value"], "score": last["score"],
                 "anomaly": int(last["anomaly"]), "partition": last["partition"],
                 "offset": last["offset"], "records": len(rows)}
        if anomalies:
            state |= {"anomalies": len(anomalies), "last_anomaly": anomalies[-1]["timestamp_ms"]}
        expected[series] = (recent, {row["timestamp"]: row["score"] for row in reversed(recent)}, state)
    return expected


def read_series_of_redis(ask):
    """The same, as it is in Redis."""
    found = {}
    for series in ask("SMEMBERS", "anomaly:series"):
        recent = [json.loads(text) for text in ask("LRANGE", f"anomaly:recent:{series}", 0, -1)]
        scores = pairs(ask("HGETALL", f"anomaly:scores:{series}"))
        state = pairs(ask("HGETALL", f"anomaly:state:{series}"))
        state.pop("owner")
        found[series] = (recent, {int(at): float(score) for at, score in scores.items()},
                         {name: float(value) for name, value in state.items()})
    return found


def read_stream(ask, partition):
    """Offset → alert of a partition's stream."""
    entries = ask("XRANGE", f"anomaly:stream:alerts:{partition}", "-", "+")
    return {int(identity.split("-")[0]): json.loads(pairs(fields)["json"])
            for identity, fields in entries}


def pairs(flat):
    return dict(zip(flat[::2], flat[1::2]))


def minute(milliseconds):
    when = datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.timezone.utc)
    return when.strftime("%Y-%m-%d %H:%M UTC")
