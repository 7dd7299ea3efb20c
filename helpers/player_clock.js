// ---------------------------------------------------------------- curves

const CHARTS = [
  { title: "Losses", curves: [["loss_d", "D", "d", []], ["loss_g", "G", "g", [6, 3]]],
    guides: [[Math.LN2, "ln 2"], [2 * Math.LN2, "2 ln 2"]] },
  { title: "D's mean answer", curves: [["answer_real", "on real", "real", []], ["answer_fake", "on fake", "fake", [6, 3]]],
    guides: [[0.5, "0.5"]], top: 1 },
  { title: "Coverage", curves: [["coverage", "share of 20 stretches", "ink", []]], guides: [], top: 1 },
];

class Chart {
  constructor(view, spec) {
    Object.assign(this, { view, spec });
    this.canvas = element("canvas", { role: "img", ariaLabel: `${spec.title} over the steps of training` });
    this.values = spec.curves.map(([, name, colour, dash]) => {
      const value = element("span");
      const line = svg(`<path d="M0 8h24" stroke="var(--${colour})" stroke-width="3" stroke-dasharray="${dash.join(" ")}"/>`);
      Object.assign(line.style, { width: "1.5rem", height: "0.8rem" });
      this.keys = this.keys || [];
      this.keys.push(element("span", { className: "key" }, line, ` ${name} `, value));
      return value;
    });
    view.charts.append(element("h3", {}, spec.title, ...this.keys), this.canvas);
    const at = (event) => nearestTime(this.stepAt(clamp(event.offsetX, 0, this.canvas.clientWidth)));
    this.canvas.addEventListener("pointermove", (event) => (event.buttons ? go : look)(at(event)));
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId); // dragging goes on outside of the canvas
      leaveSlow();
      pause();
      go(at(event));
    });
    this.canvas.addEventListener("pointerleave", () => look(null));
    const all = [];
    for (const [name] of spec.curves) for (const v of view.curves[name]) if (Number.isFinite(v)) all.push(v);
    all.sort((a, b) => a - b);
    this.top = spec.top || Math.max(1.6, 1.15 * (all[Math.floor(0.99 * all.length)] || 0));
  }

  x(step) { return Math.sqrt(step / lastStep) * (this.width - 2) + 1; }
  y(value) { return 3 + (1 - Math.min(value / this.top, 1.02)) * (this.height - 19); }
  stepAt(px) { return (Math.max(0, px - 1) / (this.canvas.clientWidth - 2)) ** 2 * lastStep; }

  /** Curves, guides and labels; they stay the same, so they are drawn once for each size. */
  drawStill() {
    const { height, width, spec, view } = this;
    this.still = Object.assign(document.createElement("canvas"), { width: this.canvas.width, height: this.canvas.height });
    const context = this.still.getContext("2d");
    context.scale(this.canvas.width / width, this.canvas.height / height);
    context.fillStyle = ink.panel;
    context.fillRect(0, 0, width, height - 14);
    context.font = "10.5px system-ui, sans-serif";
    context.fillStyle = ink.soft;
    let free = -Infinity;
    const marks = [0];
    for (let unit = 1; unit <= lastStep; unit *= 10) for (const k of [1, 2, 5]) if (k * unit <= lastStep) marks.push(k * unit);
    for (const step of marks) {
      const half = context.measureText(whole(step)).width / 2, x = clamp(this.x(step), half, width - half);
      if (x - half < free + 12) continue;
      context.textAlign = "center";
      context.fillText(whole(step), x, height - 3);
      free = x + half;
    }
    for (const [name, , colour, dash] of spec.curves) {
      const curve = view.curves[name], steps = name === "coverage" ? view.raw.steps : view.curves.step;
      const wide = name === "coverage" ? 1 : 3;
      context.fillStyle = context.strokeStyle = ink[colour];
      if (wide === 3) { // from the lowest to the highest value of each stretch
        context.globalAlpha = 0.22;
        context.beginPath();
        for (let i = 0; i < steps.length; i++) if (Number.isFinite(curve[3 * i + 1])) {
          const x = this.x(steps[i]), low = this.y(curve[3 * i + 1]), high = this.y(curve[3 * i + 2]);
          const w = Math.max(1, i + 1 < steps.length ? this.x(steps[i + 1]) - x : 1);
          context.rect(x, high, w, Math.max(1, low - high));
        }
        context.fill();
        context.globalAlpha = 1;
      }
      context.lineWidth = 2;
      context.setLineDash(dash);
      context.beginPath();
      let pen = false;
      for (let i = 0; i < steps.length; i++) {
        const value = curve[wide * i];
        if (!Number.isFinite(value)) { pen = false; continue; }
        context[pen ? "lineTo" : "moveTo"](this.x(steps[i]), this.y(value));
        pen = true;
      }
      context.stroke();
      context.setLineDash([]);
    }
    for (const [value, label] of spec.guides) {
      context.strokeStyle = ink.soft; context.lineWidth = 1; context.setLineDash([2, 3]);
      context.beginPath(); context.moveTo(0, this.y(value)); context.lineTo(width, this.y(value)); context.stroke();
      context.textAlign = "left";
      context.setLineDash([]); context.lineWidth = 3; context.strokeStyle = ink.panel;
      context.fillStyle = ink.soft;
      context.strokeText(label, 4, this.y(value) - 3);
      context.fillText(label, 4, this.y(value) - 3);
    }
  }

  draw(step) {
    const key = [this.canvas.clientWidth, this.canvas.clientHeight, ink.paper].join();
    Object.assign(this, fit(this.canvas));
    if (key !== this.key) { this.key = key; this.drawStill(); }
    const { context, width, height } = this;
    context.clearRect(0, 0, width, height);
    context.drawImage(this.still, 0, 0, width, height);
    context.strokeStyle = ink.ink; context.lineWidth = 1.5;
    context.beginPath(); context.moveTo(this.x(step), 0); context.lineTo(this.x(step), height - 14); context.stroke();
    const frame = this.view.frameAt(step), now = this.view.curveValues(step) || {};
    this.spec.curves.forEach(([name, , colour], i) => {
      const value = name === "coverage" ? this.view.curves.coverage[frame] : now[name];
      this.values[i].textContent = name === "coverage" ? percent(value) : step === 0 ? "" : number(value);
      if (!Number.isFinite(value)) return;
      context.fillStyle = ink[colour];
      context.beginPath(); context.arc(this.x(step), this.y(value), 4, 0, 7); context.fill();
    });
  }
}

// ---------------------------------------------------------------- slow motion

const slow = { on: false, moment: 0, stage: 0, t: 1, timer: 0 };
// Of each stage: the step of the slides it belongs to, its short name, what it says, who changes,
// the parts of the drawing that are at work, and what its line of code looks like.
const CALLS_D = /\.logits\(|discriminator\(/, SETS_LOSS = /loss\w*\s*\+?=[^=]/;
const BACKWARD = /\.backward\(|\.gradient\(|autograd\.grad/, UPDATES = /\.step\(|\.apply\(|apply_gradients/;
const TO_G = ["noise", "noise-G", "G", "G-fakes", "fakes"], TO_LOSS = ["D", "D-answers", "answers", "answers-loss", "loss"];
const BOTH = ["real", "real-D", "fakes", "fakes-D", "D", "D-answers", "answers"], JUDGE = ["fakes", "fakes-D", "D", "D-answers", "answers"];
const STAGES = [
  { step: 1, who: "", parts: ["real"] },
  { step: 2, who: "", parts: TO_G },
  { step: 3, name: "answers", who: "", parts: BOTH, line: CALLS_D },
  { step: 3, name: "loss", who: "", parts: ["answers", "answers-loss", "loss"], line: SETS_LOSS },
  { step: 3, name: "gradients", who: "", parts: TO_LOSS, back: true, line: BACKWARD },
  { step: 3, name: "update", who: "D", parts: ["D"], line: UPDATES },
  { step: 4, who: "", parts: TO_G },
  { step: 5, name: "answers", who: "", parts: JUDGE, line: CALLS_D },
  { step: 5, name: "loss", who: "", parts: ["answers", "answers-loss", "loss"], line: SETS_LOSS },
  { step: 5, name: "gradients", who: "", parts: [...TO_G, "fakes-D", ...TO_LOSS], back: true, line: BACKWARD },
  { step: 5, name: "update", who: "G", parts: ["G"], line: UPDATES },
];
const STEPS = [
  "A batch of real examples is taken.",
  "The generator makes as many fakes from noise.",
  "The discriminator learns from both: real should get 1, fake 0.",
  "The generator makes fresh fakes.",
  "The generator learns: its fakes should get 1 from the discriminator.",
];
const lines = DATA.source ? DATA.source.split("\n") : [];

/** The lines of a step: from its comment "# 3." to the next numbered comment, or to the return. */
function sectionOf(step) {
  const number = (line) => { const found = /#\s*([1-5])\./.exec(line); return found ? +found[1] : 0; };
  const from = lines.findIndex((line) => number(line) === step);
  if (from < 0) return [];
  let to = from + 1;
  while (to < lines.length && !number(lines[to]) && !/^\s*return\b/.test(lines[to])) to++;
  return Array.from({ length: to - from }, (_, i) => from + i).filter((i) => lines[i].trim());
}

/** The first view of which iterations were recorded closely. */
const slowView = () => views.find((view) => view.moments.length) || views[0];

function buildSlow() {
  if (views.length === 1) { // in the place of the curves and of the layers
    views[0].side.append($("slow"));
    views[0].reading.after($("code"));
  }
  STEPS.forEach((text, i) => {
    const item = element("li", {}, text), names = STAGES.filter((s) => s.step === i + 1 && s.name);
    if (names.length) item.append(element("ol", {}, ...names.map((s) => (s.item = element("li", {}, s.name)))));
    STAGES.filter((s) => s.step === i + 1).forEach((s) => { s.main = item; });
    $("stages").append(item);
  });
  lines.forEach((line) => $("code").append(element("div", { textContent: line || " " })));
  if (!lines.length) $("code").append(element("div", { textContent: "show(recording, train_step=train_step)\nputs your own lines here." }));
  const { moments } = slowView(), words = ["the first", "a middle", "the last"];
  moments.forEach((moment, i) => $("moment").append(
    new Option(`${moments.length === 3 ? words[i] + ": " : ""}iteration ${whole(moment.step + 1)}`, i)));
  $("slowly").disabled = !moments.length;
  if ($("slowly").disabled) $("slowly").title = "No iteration was recorded closely";
}

function setSlow(on) {
  pause();
  slow.on = on && !$("slowly").disabled;
  document.body.classList.toggle("slowly", slow.on);
  $("slow").hidden = !slow.on;
  $("slowly").setAttribute("aria-pressed", slow.on);
  if (slow.on) setStage(0); else { redraw(); say(); }
}
const leaveSlow = () => { if (slow.on) setSlow(false); };

function setStage(stage) {
  slow.stage = clamp(stage, 0, STAGES.length - 1);
  const now = STAGES[slow.stage];
  document.querySelectorAll("#stages [aria-current]").forEach((item) => item.removeAttribute("aria-current"));
  for (const item of [now.main, now.item]) item?.setAttribute("aria-current", "step");
  $("who").textContent = { D: "D's weights change.", G: "G's weights change.", "": "No weight changes." }[now.who];
  document.querySelectorAll("#flow [data-part]").forEach((part) => {
    part.classList.toggle("on", now.parts.includes(part.dataset.part));
    part.classList.toggle("changes", now.who === part.dataset.part);
  });
  $("flow").classList.toggle("back", Boolean(now.back));
  const section = sectionOf(now.step);
  let lit = section.filter((i) => now.line && now.line.test(lines[i]) && !/^\s*#/.test(lines[i]));
  if (!lit.length) lit = section.filter((i) => !/^\s*#/.test(lines[i]));
  [...$("code").children].forEach((line, i) => {
    line.className = lit.includes(i) ? "lit" : section.includes(i) ? "section" : "";
  });
  if (section.length) $("code").scrollTop = $("code").children[section[0]].offsetTop - 20;
  $("before").disabled = slow.stage === 0;
  $("after").disabled = slow.stage === STAGES.length - 1;
  if ([1, 4, 10].includes(slow.stage)) tween(1000, (t) => { slow.t = t; redraw(); }); else { slow.t = 1; stopTween(); }
  drawNow();
  say();
}

// ---------------------------------------------------------------- clock and controls

const state = { index: 0, look: null, playing: false, speed: 1, loop: false };
let views = [], charts = [], times = [0], lastStep = 1, waiting = false, lastTick = 0, tweening = 0, lastSaid = 0;
const FRAMES_A_SECOND = 12, SECONDS_A_STAGE = 2.5;

/** Draw everything at the next chance; several wishes make one drawing. */
function redraw() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; drawNow(); });
}

function drawNow() {
  const step = times[state.look ?? state.index];
  for (const view of views) view.draw(step);
  const moment = slow.on ? slowView().moments[slow.moment] : null;
  for (const chart of charts) chart.draw(moment ? moment.step : step);
  $("time").value = state.look ?? state.index;
  const seconds = views[0].raw.seconds[views[0].frameAt(step)];
  $("now").textContent = moment ? `iteration ${whole(moment.step + 1)}`
    : `step ${whole(step)} · ${number(seconds, 1)} s`;
  $("time").setAttribute("aria-valuetext", $("now").textContent);
}

/** Put the sentence on the current frame into the live region; not more often than every 2 s. */
function say() {
  const now = performance.now();
  if (state.playing && now - lastSaid < 2000) return;
  lastSaid = now;
  const step = times[state.index], stage = STAGES[slow.stage];
  $("live").textContent = slow.on
    ? `Step ${stage.step} of 5${stage.name ? ", " + stage.name : ""}: ${STEPS[stage.step - 1]} ${$("who").textContent} ` +
      views.map((view) => view.now.text || "").join(" ")
    : views.map((view) => (views.length > 1 ? `${view.raw.title}: ` : "") + view.sentence(step)).join(" ");
}

function nearestTime(step) {
  let best = 0;
  times.forEach((time, i) => { if (Math.abs(Math.sqrt(time) - Math.sqrt(step)) < Math.abs(Math.sqrt(times[best]) - Math.sqrt(step))) best = i; });
  return best;
}

function go(index) {
  state.index = clamp(index, 0, times.length - 1);
  state.look = null;
  redraw();
  say();
}
/** Look at another time for as long as the pointer is on a curve. */
function look(index) {
  if (state.playing || slow.on) return;
  state.look = index;
  redraw();
}

function play() {
  if (slow.on ? slow.stage === STAGES.length - 1 : state.index === times.length - 1)
    slow.on ? setStage(0) : go(0);
  state.playing = true;
  state.look = null;
  lastTick = performance.now();
  showPlaying();
  requestAnimationFrame(tick);
}
function pause() {
  const was = state.playing;
  state.playing = false;
  showPlaying();
  if (was) say();
}
function showPlaying() {
  $("play").textContent = state.playing ? "Pause" : "Play";
  $("play").setAttribute("aria-pressed", state.playing);
}

function tick(now) {
  if (!state.playing) return;
  const rate = state.speed * (slow.on ? 1 / SECONDS_A_STAGE : calm.matches ? 2 : FRAMES_A_SECOND);
  const due = Math.floor((now - lastTick) / 1000 * rate);
  if (due > 0) {
    lastTick += due * 1000 / rate;
    const place = slow.on ? slow.stage : state.index, last = (slow.on ? STAGES : times).length - 1;
    const next = place >= last && state.loop ? 0 : Math.min(place + due, last);
    if (slow.on) { if (next !== place) setStage(next); } else go(next);
    if (next >= last && !state.loop) pause();
  }
  requestAnimationFrame(tick);
}

/** Call `paint` with numbers from 0 to 1 for some milliseconds; only with 1 where motion is unwanted. */
function tween(duration, paint) {
  stopTween();
  if (calm.matches) { paint(1); return; }
  const begin = performance.now();
  const turn = (now) => {
    const t = clamp((now - begin) / duration, 0, 1);
    paint(t);
    tweening = t < 1 ? requestAnimationFrame(turn) : 0;
  };
  tweening = requestAnimationFrame(turn);
  paint(0);
}
function stopTween() { cancelAnimationFrame(tweening); tweening = 0; }

function move(by) { pause(); if (slow.on) setStage(slow.stage + by); else go(state.index + by); }
function jump(end) { pause(); if (slow.on) setStage(end ? 99 : 0); else go(end ? times.length - 1 : 0); }
function toggleLoop() { state.loop = !state.loop; $("loop").setAttribute("aria-pressed", state.loop); }
function setSpeed(by) {
  const box = $("speed");
  box.selectedIndex = clamp(box.selectedIndex + by, 0, box.options.length - 1);
  state.speed = +box.value;
  lastTick = performance.now();
}

const KEYS = {
  " ": () => (state.playing ? pause() : play()),
  ArrowLeft: (event) => move(event.shiftKey ? -10 : -1), ArrowRight: (event) => move(event.shiftKey ? 10 : 1),
  Home: () => jump(false), End: () => jump(true), ArrowUp: () => setSpeed(1), ArrowDown: () => setSpeed(-1),
  l: toggleLoop, s: () => setSlow(!slow.on), Escape: leaveSlow,
};

function connect() {
  $("play").addEventListener("click", KEYS[" "]);
  $("back").addEventListener("click", () => move(-1));
  $("forth").addEventListener("click", () => move(1));
  $("before").addEventListener("click", () => move(-1));
  $("after").addEventListener("click", () => move(1));
  $("time").addEventListener("input", () => { leaveSlow(); pause(); go(+$("time").value); });
  $("speed").addEventListener("change", () => setSpeed(0));
  $("loop").addEventListener("click", toggleLoop);
  $("slowly").addEventListener("click", () => setSlow(!slow.on));
  $("moment").addEventListener("change", () => { slow.moment = +$("moment").value; setStage(slow.stage); });
  $("theme").addEventListener("click", () => {
    setTheme(document.documentElement.dataset.theme !== "dark");
    redraw();
  });
  document.addEventListener("keydown", (event) => {
    const { target } = event, own = target.closest("select, summary, input[type=checkbox], #code");
    const action = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    if (own && event.key !== "Escape") return; // they have uses of their own for these keys
    if (target.closest("button") && event.key === " ") return;
    if (target.closest(".morph")) return;
    event.preventDefault();
    action(event);
  });
  new ResizeObserver(() => {
    redraw();
    if (parent !== window) // the cell around the frame gives it the height it needs
      parent.postMessage({ ganPlayerHeight: Math.ceil(document.querySelector("main").offsetHeight) + 4 }, "*");
  }).observe(document.querySelector("main"));
}

// ---------------------------------------------------------------- start

function setTheme(dark) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  readColours();
}

async function start() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  setTheme(dark.matches);
  dark.addEventListener("change", () => { setTheme(dark.matches); redraw(); });
  document.body.className = DATA.recordings.length > 1 ? "two" : "one";
  views = DATA.recordings.map((raw) => raw.kind === "points" ? new PointsView(raw) : new PicturesView(raw));
  await Promise.all(views.map((view) => view.load?.()));
  times = [...new Set(DATA.recordings.flatMap((raw) => raw.steps))].sort((a, b) => a - b);
  lastStep = Math.max(1, ...DATA.recordings.map((raw) => raw.done));
  for (const view of views) {
    view.curves = Object.fromEntries(Object.entries(view.raw.curves).map(([n, packed]) => [n, unpack(packed)]));
    view.curves.coverage = view.raw.coverage;
    for (const spec of CHARTS)
      if (spec.curves.every(([name]) => view.curves[name]?.length)) charts.push(new Chart(view, spec));
    if (view.charts.children.length)
      view.charts.append(element("p", { textContent: "steps of training (the beginning is stretched)" }));
    view.warn();
  }
  // side by side, lengths mean the same on both sides
  for (const chart of charts)
    chart.top = Math.max(...charts.filter((other) => other.spec === chart.spec).map((other) => other.top));
  const longest = Math.max(...views.map((view) => view.longest || 0));
  for (const view of views) view.longest = longest;
  $("time").max = times.length - 1;
  for (const id of ["time", "play", "back", "forth", "loop", "speed"]) $(id).disabled = times.length < 2;
  buildSlow();
  connect();
  drawNow();
  say();
  document.body.dataset.ready = Math.round(performance.now()); // milliseconds since it was opened
}
// For tests and the curious: `player.go(3)` in the browser's console.
window.player = { state, slow, go, setStage, setSlow, drawNow, charts,
  get views() { return views; }, get times() { return times; } };
start();
