// ---------------------------------------------------------------- curves
const CHARTS = [ // of each curve: name, label, colour, dashes; guides: which of the levels of balance
  { title: "Losses", curves: [["loss_d", "D", "d", []], ["loss_g", "G", "g", [6, 3]]],
    guides: [0, 1] },
  { title: "D's mean answer", guides: [2], top: 1,
    curves: [["answer_real", "on real", "real", []], ["answer_fake", "on fake", "fake", [6, 3]]] },
  { title: "Coverage", curves: [["coverage", "share of 20 bins", "ink", []]], guides: [], top: 1 },
];

class Chart {
  constructor(view, { title, curves, guides, top }) {
    Object.assign(this, { view, title, curves, guides });
    this.canvas = element("canvas", { role: "img", ariaLabel: `${title} over the steps of training` });
    this.values = curves.map(() => element("span"));
    const keys = curves.map(([, label, colour, dash], i) => element("span", { className: "key" },
      svg(`<path d="M0 8h24" stroke="var(--${colour})" stroke-width="3" stroke-dasharray="${dash.join(" ")}"/>`),
      ` ${label} `, this.values[i]));
    view.charts.append(element("h3", {}, title, ...keys), this.canvas);
    const at = (event) => nearestTime(this.stepAt(clamp(event.offsetX, 0, this.canvas.clientWidth)));
    this.canvas.addEventListener("pointermove", (event) => (event.buttons ? go : look)(at(event)));
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId); // dragging goes on outside of the canvas
      pause();
      go(at(event));
    });
    this.canvas.addEventListener("pointerleave", () => look(null));
    const all = curves.flatMap(([name]) => [...view.curves[name].y]).filter(Number.isFinite).sort((a, b) => a - b);
    this.top = top || Math.max(1.6, 1.15 * (all[Math.floor(0.99 * all.length)] || 0));
  }

  x(step) { return Math.sqrt(step / lastStep) * (this.width - 2) + 1; }
  y(value) { return 3 + (1 - Math.min(value / this.top, 1.02)) * (this.height - 19); }
  stepAt(px) { return (Math.max(0, px - 1) / (this.canvas.clientWidth - 2)) ** 2 * lastStep; }

  /** Curves, guides and labels; they stay the same, so they are drawn once for each size. */
  drawStill() {
    const { height, width, view } = this;
    this.still = Object.assign(document.createElement("canvas"), { width: this.canvas.width, height: this.canvas.height });
    const context = this.still.getContext("2d");
    context.scale(this.canvas.width / width, this.canvas.height / height);
    context.fillStyle = ink.panel;
    context.fillRect(0, 0, width, height - 14);
    Object.assign(context, { font: "10.5px system-ui, sans-serif", fillStyle: ink.soft });
    for (let unit = 1, free = -Infinity; unit <= lastStep; unit *= 10) for (const step of [unit, 2 * unit, 5 * unit]) {
      const text = thousands(step), wide = context.measureText(text).width;
      const x = clamp(this.x(step) - wide / 2, 0, width - wide);
      if (step <= lastStep && x > free) { context.fillText(text, x, height - 3); free = x + wide + 12; }
    }
    for (const [name, , colour, dash] of this.curves) {
      const { x, y, low, high } = view.curves[name];
      context.fillStyle = ink[colour];
      context.globalAlpha = 0.22; // from the lowest to the highest value of each stretch
      if (low) x.forEach((step, i) => context.fillRect(this.x(step), this.y(high[i]),
        Math.max(1, this.x(x[i + 1] ?? step) - this.x(step)), Math.max(1, this.y(low[i]) - this.y(high[i]))));
      context.globalAlpha = 1;
      context.setLineDash(dash);
      let pen = "moveTo"; // lifted where a value is not a number
      stroke(context, ink[colour], 2, () => x.forEach((step, i) => {
        if (Number.isFinite(y[i])) context[pen](this.x(step), this.y(y[i]));
        pen = Number.isFinite(y[i]) ? "lineTo" : "moveTo";
      }));
    }
    context.setLineDash([2, 3]);
    context.fillStyle = ink.soft;
    for (const [value, label] of this.guides.map((i) => [view.levels[i], view.levelNames[i]])) {
      stroke(context, ink.soft, 1, () => { context.moveTo(0, this.y(value)); context.lineTo(width, this.y(value)); });
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
    stroke(context, ink.ink, 1.5, () => { context.moveTo(this.x(step), 0); context.lineTo(this.x(step), height - 14); });
    this.curves.forEach(([name, , colour], i) => {
      const { x, y } = this.view.curves[name], value = y[Math.max(0, x.findLastIndex((at) => at <= step))];
      this.values[i].textContent = step || name === "coverage" ? number(value) : "";
      context.fillStyle = ink[colour];
      const end = Math.min(step, x.at(-1)); // where a shorter run has ended
      if (Number.isFinite(value)) context.fillRect(this.x(end) - 4, this.y(value) - 4, 8, 8);
    });
  }
}

// ---------------------------------------------------------------- slow motion
const slow = { on: false, moment: 0, stage: 0, t: 1 };
const { stages: STAGES, source } = DATA;

const slowView = () => views.find((view) => view.moments.length) || views[0];

function buildSlow() {
  if (views.length === 1) { // in the place of the curves and of the layers
    views[0].side.append($("slow"));
    views[0].reading.after($("code"));
  }
  $("flow").append(...DATA.parts.map((textContent) => element("span", { textContent })));
  DATA.steps.forEach((text, i) => {
    const own = STAGES.filter((stage) => stage.step === i + 1), main = element("li", {}, text);
    for (const stage of own) Object.assign(stage, { main, item: stage.name && element("li", {}, stage.name) });
    if (own[0].name) main.append(element("ol", {}, ...own.map((stage) => stage.item)));
    $("stages").append(main);
  });
  for (const line of (source || "show(recording, train_step=train_step)\nputs your own lines here.").split("\n"))
    $("code").append(element("div", { textContent: line || " " }));
  const { moments } = slowView(), words = moments.length === 3 ? ["the first: ", "a middle: ", "the last: "] : [];
  moments.forEach((moment, i) => $("moment").append(new Option(`${words[i] || ""}iteration ${thousands(moment.step + 1)}`, i)));
  $("slowly").disabled = !moments.length;
}

function setSlow(on) {
  pause();
  slow.on = on && !$("slowly").disabled;
  document.body.classList.toggle("slowly", slow.on);
  $("slow").hidden = !slow.on;
  $("slowly").setAttribute("aria-pressed", slow.on);
  if (slow.on) setStage(0); else redraw();
  say();
}

function setStage(number) {
  slow.stage = clamp(number, 0, STAGES.length - 1);
  const now = STAGES[slow.stage];
  for (const item of document.querySelectorAll("#stages li")) item.removeAttribute("aria-current");
  for (const item of [now.main, now.item]) if (item) item.setAttribute("aria-current", "step");
  $("who").textContent = now.who ? `${now.who}'s weights change.` : "No weight changes.";
  for (const part of $("flow").children) {
    part.classList.toggle("on", now.parts.includes(part.textContent));
    part.classList.toggle("changes", now.who === part.textContent);
  }
  $("flow").classList.toggle("back", now.back);
  [...$("code").children].forEach((line, i) => {
    line.className = now.lit.includes(i) ? "lit" : now.section.includes(i) ? "section" : "";
  });
  if (now.lit.length) $("code").scrollTop = $("code").children[now.section[0]].offsetTop - 20;
  $("before").disabled = slow.stage === 0;
  $("after").disabled = slow.stage === STAGES.length - 1;
  tween([1, 4, 10].includes(slow.stage) ? 1000 : 0, (t) => { slow.t = t; redraw(); });
  drawNow();
  say();
}

// ---------------------------------------------------------------- clock and controls
const state = { index: 0, look: null, playing: false, speed: 1, loop: false };
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const FRAMES_A_SECOND = 12, SECONDS_A_STAGE = 2.5;
let views = [], charts = [], times = [0], lastStep = 1, waiting = false, lastTick = 0, tweening = 0, lastSaid = 0;

/** Draw everything at the next chance; several wishes make one drawing. */
function redraw() {
  if (!waiting) requestAnimationFrame(() => { waiting = false; drawNow(); });
  waiting = true;
}

function drawNow() {
  const step = times[state.look ?? state.index], moment = slowView().moment;
  for (const view of views) view.draw(step);
  for (const chart of charts) chart.draw(step);
  $("time").value = state.look ?? state.index;
  $("now").textContent = moment ? `iteration ${thousands(moment.step + 1)}`
    : `step ${thousands(step)} · ${number(views[0].seconds[views[0].frameAt(step)], 1)} s`;
  $("time").setAttribute("aria-valuetext", $("now").textContent);
}

/** Put the sentences on the current frame into the live region; not more often than every 2 s. */
function say() {
  const now = performance.now(), stage = STAGES[slow.stage];
  if (state.playing && now - lastSaid < 2000) return;
  lastSaid = now;
  drawNow();
  const step = `Step ${stage.step} of 5${stage.name && ", " + stage.name}: ${DATA.steps[stage.step - 1]} ${$("who").textContent} `;
  $("live").textContent = (slow.on ? step : "") +
    views.map((view) => (views.length > 1 ? `${view.title}: ` : "") + view.text).join(" ");
}

function nearestTime(step) {
  const distances = times.map((time) => Math.abs(Math.sqrt(time) - Math.sqrt(step)));
  return distances.indexOf(Math.min(...distances));
}
function go(index) {
  Object.assign(state, { index: clamp(index, 0, times.length - 1), look: null });
  redraw();
  say();
}
/** Look at another time for as long as the pointer is on a curve. */
function look(index) { if (!state.playing) { state.look = index; redraw(); } }

function setPlaying(on) {
  state.playing = on;
  $("play").textContent = on ? "Pause" : "Play";
  $("play").setAttribute("aria-pressed", on);
}
function play() { // from the end it begins again
  if (slow.on && slow.stage === STAGES.length - 1) setStage(0);
  go(slow.on || state.index < times.length - 1 ? state.index : 0);
  lastTick = performance.now();
  setPlaying(true);
  requestAnimationFrame(tick);
}
function pause() { if (state.playing) { setPlaying(false); say(); } }

function tick(now) {
  if (!state.playing) return;
  const rate = state.speed * (slow.on ? 1 / SECONDS_A_STAGE : calm.matches ? 2 : FRAMES_A_SECOND);
  const due = Math.floor((now - lastTick) / 1000 * rate);
  if (due > 0) {
    lastTick += due * 1000 / rate;
    const place = slow.on ? slow.stage : state.index, last = (slow.on ? STAGES : times).length - 1;
    const next = place >= last && state.loop ? 0 : Math.min(place + due, last);
    if (next !== place) (slow.on ? setStage : go)(next);
    if (next >= last && !state.loop) pause();
  }
  requestAnimationFrame(tick);
}

/** Call `paint` with numbers from 0 to 1 for some milliseconds; only with 1 where motion is unwanted. */
function tween(duration, paint) {
  cancelAnimationFrame(tweening);
  if (calm.matches || !duration) return paint(1);
  const begin = performance.now();
  const turn = (now) => {
    const t = clamp((now - begin) / duration, 0, 1);
    paint(t);
    if (t < 1) tweening = requestAnimationFrame(turn);
  };
  turn(begin);
}

function move(by) { pause(); if (slow.on) setStage(slow.stage + by); else go(state.index + by); }
function toggleLoop() { state.loop = !state.loop; $("loop").setAttribute("aria-pressed", state.loop); }
function setSpeed(by) {
  $("speed").selectedIndex = clamp($("speed").selectedIndex + by, 0, $("speed").options.length - 1);
  state.speed = +$("speed").value;
  lastTick = performance.now();
}
function setTheme(dark) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  readColours();
  redraw();
}

const KEYS = {
  " ": () => (state.playing ? pause() : play()), Home: () => move(-Infinity), End: () => move(Infinity),
  ArrowLeft: (event) => move(event.shiftKey ? -10 : -1), ArrowRight: (event) => move(event.shiftKey ? 10 : 1),
  ArrowUp: () => setSpeed(1), ArrowDown: () => setSpeed(-1),
  l: toggleLoop, s: () => setSlow(!slow.on), Escape: () => setSlow(false),
};

function connect() {
  const clicks = { play: KEYS[" "], back: () => move(-1), forth: () => move(1), before: () => move(-1), after: () => move(1),
    loop: toggleLoop, slowly: KEYS.s, theme: () => setTheme(document.documentElement.dataset.theme !== "dark") };
  for (const id in clicks) $(id).addEventListener("click", clicks[id]);
  $("time").oninput = () => { const to = +$("time").value; setSlow(false); go(to); };
  $("speed").onchange = () => setSpeed(0);
  $("moment").onchange = () => { slow.moment = +$("moment").value; setStage(slow.stage); };
  document.addEventListener("keydown", (event) => {
    const action = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key], { target } = event;
    if (!action || event.ctrlKey || event.metaKey || event.altKey || target.closest(".morph")) return;
    // these have uses of their own for some keys
    if (target.closest("select, summary, input[type=checkbox], #code") && event.key !== "Escape") return;
    if (target.closest("button") && event.key === " ") return;
    event.preventDefault();
    action(event);
  });
  new ResizeObserver(() => {
    redraw(); // and the cell around the frame gives it the height it needs
    const ganPlayerHeight = Math.ceil(document.querySelector("main").offsetHeight) + 4;
    if (parent !== window) parent.postMessage({ ganPlayerHeight }, "*");
  }).observe(document.querySelector("main"));
}

// ---------------------------------------------------------------- start
async function start() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  waiting = true; // no drawing before all is there
  setTheme(dark.matches);
  dark.addEventListener("change", () => setTheme(dark.matches));
  document.body.className = DATA.recordings.length > 1 ? "two" : "one";
  views = DATA.recordings.map((raw) => raw.kind === "points" ? new PointsView(raw) : new PicturesView(raw));
  await Promise.all(views.map((view) => view.load?.()));
  times = [...new Set(DATA.recordings.flatMap((raw) => raw.steps))].sort((a, b) => a - b);
  lastStep = Math.max(1, ...DATA.recordings.map((raw) => raw.done));
  for (const view of views) {
    const known = CHARTS.filter(({ curves }) => curves.every(([name]) => view.curves[name]?.y.length));
    charts.push(...known.map((spec) => new Chart(view, spec)));
    view.charts.append(element("p", { textContent: "steps of training (the beginning is stretched)" }));
  }
  // side by side, lengths mean the same on both sides
  for (const chart of charts)
    chart.top = Math.max(...charts.filter(({ title }) => title === chart.title).map(({ top }) => top));
  const longest = Math.max(...views.map((view) => view.longest || 0));
  for (const view of views) view.longest = longest;
  $("time").max = times.length - 1;
  for (const id of ["time", "play", "back", "forth", "loop", "speed"]) $(id).disabled = times.length < 2;
  waiting = false;
  buildSlow();
  connect();
  say();
  document.body.dataset.ready = Math.round(performance.now()); // milliseconds since it was opened
}
// For tests and the curious
window.player = { state, slow, go, setStage, setSlow, drawNow, charts,
  get views() { return views; }, get times() { return times; } };
start();
