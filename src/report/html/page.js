"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const rows = data.files, steps = data.steps, end = Math.max(1, data.elapsed_ms);
  const [STEP, FILE, OUTCOME, BYTES, BEGAN, ENDED, SESSIONS, DETAIL] = [0, 1, 2, 3, 4, 5, 6, 7];
  const find = id => document.getElementById(id);
  const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const tones = { copied: "--good", deleted: "--good", unverified: "--warn", skipped: "--warn", failed: "--bad", unchanged: "--dim" };
  const bytes = count => {
    let unit = 0;
    while (count >= 1024 && unit < 6) { count /= 1024; unit++; }
    return (unit ? count.toFixed(1) : count) + " " + ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"][unit];
  };
  const time = ms => ms < 10000 ? (ms / 1000).toFixed(2) + "s" : ms < 60000 ? (ms / 1000).toFixed(1) + "s"
    : Math.floor(ms / 60000) + "m " + String(Math.floor(ms / 1000) % 60).padStart(2, "0") + "s";
  const number = count => count.toLocaleString("en");

  // The part of the run that timeline and throughput show, in milliseconds.
  let from = 0, to = end;
  const room = canvas => {
    const scale = window.devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
    canvas.width = Math.round(width * scale); canvas.height = Math.round(height * scale);
    const pen = canvas.getContext("2d");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.font = "12px system-ui, sans-serif"; pen.textBaseline = "middle";
    return { pen, width, height };
  };
  const LEFT = 150, HIGH = 18;
  const place = (ms, width) => LEFT + (ms - from) / (to - from) * (width - LEFT);
  const axis = (pen, width, height) => {
    const ink = colour("--dim"), most = Math.max(2, Math.floor((width - LEFT) / 90));
    let tick = 1;
    for (const next of [1, 2, 5]) for (let power = 1; power < 1e9; power *= 10)
      if ((to - from) / (next * power) <= most && (tick === 1 || next * power < tick)) tick = next * power;
    pen.strokeStyle = colour("--line"); pen.fillStyle = ink;
    for (let at = Math.ceil(from / tick) * tick; at <= to; at += tick) {
      const x = place(at, width);
      pen.beginPath(); pen.moveTo(x, 0); pen.lineTo(x, height); pen.stroke();
      pen.fillText(time(at), x + 3, height - 8);
    }
  };

  // Lanes: the steps, then each session of each server with the transfers on it.
  const lanes = [];
  steps.forEach((step, at) => {
    if (step.started_ms === null || step.implicit) return;
    const spans = [{ from: step.started_ms, to: step.ended_ms ?? end, text: step.name, tone: { done: "--good", failed: "--bad" }[step.result] || "--warn", says: step.name + " (" + step.kind + "): " + step.result }];
    lanes.push({ title: step.name, spans, step: at });
  });
  const sessions = new Map();
  for (const one of data.sessions.slice().sort((a, b) => a.server < b.server ? -1 : a.server > b.server ? 1 : a.session - b.session)) {
    const lane = { title: one.server + " #" + one.session, spans: [{ from: one.opened_ms, to: one.closed_ms ?? end, tone: "--soft", says: one.server + ", session " + one.session }] };
    sessions.set(one.session, lane); lanes.push(lane);
  }
  rows.forEach((row, at) => {
    for (const session of row[SESSIONS]) {
      const lane = sessions.get(session);
      if (lane) lane.spans.push({ from: row[BEGAN], to: row[ENDED], tone: tones[row[OUTCOME]], row: at });
    }
  });
  const timeline = find("timeline"), tip = find("tip");
  let top = 0;
  const SHOWN = Math.min(24, lanes.length);
  timeline.style.height = (SHOWN * HIGH + 22) + "px";
  const drawLanes = () => {
    const { pen, width, height } = room(timeline);
    axis(pen, width, height);
    const inks = new Map();
    const ink = name => { if (!inks.has(name)) inks.set(name, colour(name)); return inks.get(name); };
    lanes.slice(top, top + SHOWN).forEach((lane, at) => {
      const y = at * HIGH;
      let drawn = -1;
      for (const span of lane.spans) {
        if (span.to < from || span.from > to) continue;
        const x = Math.max(LEFT, place(span.from, width)), right = Math.min(width, place(span.to, width));
        // Of spans within one pixel one is enough, but failures are always seen.
        if (span.row !== undefined && right - x < 1 && Math.floor(x) === drawn && span.tone !== "--bad") continue;
        if (span.row !== undefined) drawn = Math.floor(x);
        pen.fillStyle = ink(span.tone);
        pen.fillRect(x, y + 3, Math.max(1, right - x - (right - x > 3 ? 1 : 0)), HIGH - 5);
      }
      pen.fillStyle = ink("--page"); pen.fillRect(0, y, LEFT - 2, HIGH);
      pen.fillStyle = ink("--dim");
      pen.fillText(lane.title, 4, y + HIGH / 2, LEFT - 10);
    });
  };
  const chart = find("rate");
  const drawRate = () => {
    const { pen, width, height } = room(chart);
    const count = Math.max(1, Math.floor((width - LEFT) / 4)), each = (to - from) / count, sums = new Float64Array(count);
    for (const row of rows) {
      if (!row[BYTES] || row[ENDED] < from || row[BEGAN] > to) continue;
      const long = Math.max(1, row[ENDED] - row[BEGAN]);
      const first = Math.max(0, Math.floor((row[BEGAN] - from) / each)), last = Math.min(count - 1, Math.floor((row[BEGAN] + long - from) / each));
      for (let at = first; at <= last; at++) {
        const begin = Math.max(row[BEGAN], from + at * each), stop = Math.min(row[BEGAN] + long, from + (at + 1) * each);
        if (stop > begin) sums[at] += row[BYTES] * (stop - begin) / long;
      }
    }
    const most = sums.reduce((a, b) => Math.max(a, b), 0);
    axis(pen, width, height);
    pen.fillStyle = colour("--cool");
    sums.forEach((sum, at) => {
      const high = most ? sum / most * (height - 24) : 0;
      pen.fillRect(LEFT + at * 4, height - 18 - high, 3, high);
    });
    pen.fillStyle = colour("--dim");
    pen.fillText(bytes(most / each * 1000) + "/s", 4, 10);
  };
  const draw = () => { drawLanes(); drawRate(); };
  const zoom = (factor, middle) => {
    const long = Math.min(end, Math.max(Math.min(end, 10), (to - from) * factor));
    from = Math.min(Math.max(0, middle - (middle - from) / (to - from) * long), end - long);
    to = from + long;
    draw();
  };
  const shift = ms => {
    const long = to - from;
    from = Math.min(Math.max(0, from + ms), end - long); to = from + long;
    draw();
  };
  const at = (canvas, event) => {
    const x = Math.max(LEFT, event.clientX - canvas.getBoundingClientRect().left);
    return from + (x - LEFT) / (canvas.clientWidth - LEFT) * (to - from);
  };
  for (const canvas of [timeline, chart]) {
    canvas.addEventListener("wheel", event => {
      if (!event.ctrlKey && !event.shiftKey && canvas === timeline && lanes.length > SHOWN) {
        const next = Math.min(lanes.length - SHOWN, Math.max(0, top + Math.sign(event.deltaY) * 3));
        if (next !== top) { event.preventDefault(); top = next; draw(); }
        return;
      }
      event.preventDefault();
      zoom(event.deltaY > 0 ? 1.25 : 0.8, at(canvas, event));
    }, { passive: false });
    let held = null;
    canvas.addEventListener("pointerdown", event => { held = event.clientX; canvas.setPointerCapture(event.pointerId); });
    canvas.addEventListener("pointerup", () => { held = null; });
    canvas.addEventListener("pointermove", event => {
      if (held !== null) {
        shift((held - event.clientX) / (canvas.clientWidth - LEFT) * (to - from)); held = event.clientX;
      } else if (canvas === timeline) {
        const lane = lanes[top + Math.floor((event.clientY - canvas.getBoundingClientRect().top) / HIGH)];
        const now = at(canvas, event), slack = (to - from) / (canvas.clientWidth - LEFT) * 2;
        const span = lane && lane.spans.findLast(one => one.from - slack <= now && now <= one.to + slack);
        const row = span && span.row !== undefined ? rows[span.row] : null;
        tip.textContent = row ? row[FILE] + ": " + row[OUTCOME] + ", " + bytes(row[BYTES]) + " in " + time(row[ENDED] - row[BEGAN]) + (row[DETAIL] ? ", " + row[DETAIL] : "")
          : span ? span.says + ", " + time(span.to - span.from) : "";
      }
    });
  }
  find("in").onclick = () => zoom(0.5, (from + to) / 2);
  find("out").onclick = () => zoom(2, (from + to) / 2);
  find("back").onclick = () => shift((from - to) / 3);
  find("forth").onclick = () => shift((to - from) / 3);
  find("whole").onclick = () => { from = 0; to = end; draw(); };
  window.addEventListener("resize", draw);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);

  // The table: rows of one height, of which only those in sight are there.
  const scroll = find("scroll"), flow = find("flow"), space = find("space"), HEIGHT = 26, MOST = 400000;
  const lower = new Array(rows.length);
  const text = at => lower[at] ?? (lower[at] = (rows[at][FILE] + "\n" + steps[rows[at][STEP]].name + "\n" + rows[at][DETAIL]).toLowerCase());
  const keys = {
    file: (a, b) => rows[a][FILE] < rows[b][FILE] ? -1 : rows[a][FILE] > rows[b][FILE] ? 1 : 0,
    step: (a, b) => rows[a][STEP] - rows[b][STEP],
    outcome: (a, b) => rows[a][OUTCOME] < rows[b][OUTCOME] ? -1 : rows[a][OUTCOME] > rows[b][OUTCOME] ? 1 : 0,
    bytes: (a, b) => rows[a][BYTES] - rows[b][BYTES],
    time: (a, b) => (rows[a][ENDED] - rows[a][BEGAN]) - (rows[b][ENDED] - rows[b][BEGAN]),
    detail: (a, b) => rows[a][DETAIL] < rows[b][DETAIL] ? -1 : rows[a][DETAIL] > rows[b][DETAIL] ? 1 : 0,
  };
  let key = null, up = true, shown = [];
  const choose = () => {
    const words = find("search").value.toLowerCase().split(/\s+/).filter(Boolean), outcome = find("outcome").value;
    shown = [];
    for (let at = 0; at < rows.length; at++)
      if ((!outcome || rows[at][OUTCOME] === outcome) && words.every(word => text(at).includes(word))) shown.push(at);
    if (key) { const by = keys[key]; shown.sort((a, b) => (up ? by(a, b) : by(b, a)) || a - b); }
    find("count").textContent = number(shown.length) + " of " + number(rows.length) + " files" + (data.omitted ? ", " + number(data.omitted) + " more have no row" : "");
    space.style.height = Math.min(shown.length, MOST) * HEIGHT + "px";
    scroll.scrollTop = 0;
    fill();
  };
  const cell = (line, words, kind) => {
    const one = document.createElement("span");
    one.textContent = words; one.title = words;
    if (kind) one.className = kind;
    line.append(one);
  };
  const fill = () => {
    const first = Math.max(0, Math.floor(scroll.scrollTop / HEIGHT) - 5), count = Math.ceil(scroll.clientHeight / HEIGHT) + 10;
    flow.style.top = first * HEIGHT + "px";
    flow.replaceChildren(...shown.slice(first, first + count).map(at => {
      const row = rows[at], line = document.createElement("div");
      line.className = "row";
      cell(line, row[FILE]); cell(line, steps[row[STEP]].name);
      cell(line, row[OUTCOME], { "--good": "is-done", "--bad": "is-failed", "--warn": "is-skipped" }[tones[row[OUTCOME]]] || "");
      cell(line, row[BYTES] ? bytes(row[BYTES]) : "", "n"); cell(line, row[ENDED] > row[BEGAN] ? time(row[ENDED] - row[BEGAN]) : "", "n");
      cell(line, row[DETAIL]);
      return line;
    }));
  };
  for (const button of document.querySelectorAll("[data-key]")) button.onclick = () => {
    up = key === button.dataset.key ? !up : true; key = button.dataset.key;
    for (const other of document.querySelectorAll("[data-key]")) other.removeAttribute("aria-sort");
    button.setAttribute("aria-sort", up ? "ascending" : "descending");
    choose();
  };
  let waiting;
  find("search").oninput = () => { clearTimeout(waiting); waiting = setTimeout(choose, 120); };
  find("outcome").onchange = choose;
  scroll.addEventListener("scroll", () => requestAnimationFrame(fill));
  find("live").hidden = false;
  draw(); choose();
})();
