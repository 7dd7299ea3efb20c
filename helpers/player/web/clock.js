import { CHARTS, Chart } from "./charts.js";
import {
  buildSlow,
  iteration,
  STAGES,
  setSlow,
  setStage,
  slow,
  slowView,
  stageIndex,
} from "./slow_motion.js";
import {
  $,
  clamp,
  DATA,
  element,
  PicturesView,
  PointsView,
  readColours,
  thousands,
  written,
} from "./views.js";

// ---------------------------------------------------------------- clock and controls
const state = { index: 0, look: null, playing: false, speed: 1, loop: false };
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const FRAMES_A_SECOND = 12;
const SECONDS_A_STAGE = 2.5;
export let views = [];
const charts = [];
let times = [0];
export let lastStep = 1;
let waiting = false;
let lastTick = 0;
let tweening = 0;
let lastSaid = 0;

/** Draw everything at the next chance; several wishes make one drawing. */
export function redraw() {
  if (!waiting)
    requestAnimationFrame(() => {
      waiting = false;
      drawNow();
    });
  waiting = true;
}

export function drawNow() {
  const step = times[state.look ?? state.index];
  const moment = slowView().moment;
  for (const view of views) view.draw(step);
  for (const chart of charts) chart.draw(step);
  $("time").value = state.look ?? state.index;
  const seconds = views.map((view) => written(view.seconds[view.frameAt(step)], 1)).join(" and ");
  $("now").textContent = moment ? iteration(moment) : `step ${thousands(step)} · ${seconds} s`;
  $("time").setAttribute("aria-valuetext", $("now").textContent);
}

/** Put the sentences on the current frame into the live region; not more often than every 2 s. */
export function say() {
  const now = performance.now();
  if (state.playing && now - lastSaid < 2000) return;
  lastSaid = now;
  drawNow();
  const { step, label } = slow.stage;
  const steps = DATA.steps;
  const where = `Step ${step} of ${steps.length}${label && `, ${label}`}: ${steps[step - 1]}`;
  const texts = views.map((view) => (views.length > 1 ? `${view.title}: ` : "") + view.text);
  if (slow.on) texts.unshift(where, $("who").textContent);
  $("live").textContent = texts.join(" ");
}

export function nearestTime(step) {
  const distances = times.map((time) => Math.abs(Math.sqrt(time) - Math.sqrt(step)));
  return distances.indexOf(Math.min(...distances));
}
export function go(index) {
  Object.assign(state, { index: clamp(index, 0, times.length - 1), look: null });
  redraw();
  say();
}
/** Look at another time for as long as the pointer is on a curve. */
export function look(index) {
  if (!state.playing) {
    state.look = index;
    redraw();
  }
}

function setPlaying(on) {
  state.playing = on;
  $("play").textContent = on ? "Pause" : "Play";
  $("play").setAttribute("aria-pressed", on);
}
function play() {
  // from the end it begins again
  if (slow.on && slow.stage === STAGES.at(-1)) setStage(0);
  go(slow.on || state.index < times.length - 1 ? state.index : 0);
  lastTick = performance.now();
  setPlaying(true);
  requestAnimationFrame(tick);
}
export function pause() {
  if (state.playing) {
    setPlaying(false);
    say();
  }
}

function tick(now) {
  if (!state.playing) return;
  const rate = state.speed * (slow.on ? 1 / SECONDS_A_STAGE : calm.matches ? 2 : FRAMES_A_SECOND);
  const due = Math.floor(((now - lastTick) / 1000) * rate);
  if (due > 0) {
    lastTick += (due * 1000) / rate;
    const place = slow.on ? stageIndex() : state.index;
    const last = (slow.on ? STAGES : times).length - 1;
    const next = place >= last && state.loop ? 0 : Math.min(place + due, last);
    if (next !== place) (slow.on ? setStage : go)(next);
    if (next >= last && !state.loop) pause();
  }
  requestAnimationFrame(tick);
}

/** Call `paint` with numbers from 0 to 1 for some milliseconds; with 1 where motion is unwanted. */
export function tween(duration, paint) {
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

function move(by) {
  pause();
  if (slow.on) setStage(stageIndex() + by);
  else go(state.index + by);
}
function toggleLoop() {
  state.loop = !state.loop;
  $("loop").setAttribute("aria-pressed", state.loop);
}
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
  " ": () => (state.playing ? pause() : play()),
  Home: () => move(-Infinity),
  End: () => move(Infinity),
  ArrowLeft: (event) => move(event.shiftKey ? -10 : -1),
  ArrowRight: (event) => move(event.shiftKey ? 10 : 1),
  ArrowUp: () => setSpeed(1),
  ArrowDown: () => setSpeed(-1),
  l: toggleLoop,
  s: () => setSlow(!slow.on),
  Escape: () => setSlow(false),
};

function connect() {
  const clicks = {
    play: KEYS[" "],
    back: () => move(-1),
    forth: () => move(1),
    before: () => move(-1),
    after: () => move(1),
    loop: toggleLoop,
    slowly: KEYS.s,
    theme: () => setTheme(document.documentElement.dataset.theme !== "dark"),
  };
  for (const id in clicks) $(id).addEventListener("click", clicks[id]);
  $("time").oninput = () => {
    const to = +$("time").value;
    setSlow(false);
    go(to);
  };
  $("speed").onchange = () => setSpeed(0);
  $("moment").onchange = () => {
    slow.moment = +$("moment").value;
    setStage(stageIndex());
  };
  document.addEventListener("keydown", (event) => {
    const action = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    const { target } = event;
    if (!action || event.ctrlKey || event.metaKey || event.altKey || target.closest(".morph"))
      return;
    // these have uses of their own for some keys
    if (target.closest("select, summary, input[type=checkbox], #code") && event.key !== "Escape")
      return;
    if (target.closest("button") && event.key === " ") return;
    event.preventDefault();
    action(event);
  });
  addEventListener("message", ({ source, data }) => {
    if (source === parent && data?.ganPlayerTheme) setTheme(data.ganPlayerTheme === "dark");
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
  // what the page around the frame asks for: file.html#compact,play
  const wishes = location.hash.slice(1).split(",");
  document.body.classList.toggle("compact", wishes.includes("compact"));
  const kinds = { points: PointsView, pictures: PicturesView };
  views = DATA.recordings.map((raw) => new kinds[raw.kind](raw));
  await Promise.all(views.map((view) => view.load?.()));
  times = [...new Set(DATA.recordings.flatMap((raw) => raw.steps))].sort((a, b) => a - b);
  lastStep = Math.max(1, ...DATA.recordings.map((raw) => raw.done));
  for (const view of views) {
    const known = CHARTS.filter(({ curves }) =>
      curves.every(({ name }) => view.curves[name]?.y.length),
    );
    charts.push(...known.map((spec) => new Chart(view, spec)));
    view.charts.append(
      element("p", { textContent: "steps of training (the beginning is stretched)" }),
    );
  }
  // side by side, lengths mean the same on both sides
  for (const chart of charts) {
    const alike = charts.filter(({ title }) => title === chart.title);
    chart.top = Math.max(...alike.map(({ top }) => top));
  }
  const longest = Math.max(...views.map((view) => view.longest || 0));
  for (const view of views) view.longest = longest;
  $("time").max = times.length - 1;
  for (const id of ["time", "play", "back", "forth", "loop", "speed"])
    $(id).disabled = times.length < 2;
  waiting = false;
  buildSlow();
  connect();
  say();
  if (wishes.includes("play") && !calm.matches) {
    toggleLoop();
    play();
  }
  document.body.dataset.ready = Math.round(performance.now()); // milliseconds since it was opened
}
// For tests and the curious
window.player = {
  state,
  slow,
  go,
  setStage,
  setSlow,
  drawNow,
  charts,
  get views() {
    return views;
  },
  get times() {
    return times;
  },
};
start();
