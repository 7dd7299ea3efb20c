import { redraw, tween } from "./clock.js";
import { slow } from "./slow_motion.js";

// ---------------------------------------------------------------- data
export const $ = (id) => document.getElementById(id);
const KINDS = { float32: Float32Array, int16: Int16Array, uint8: Uint8Array };
// Arrays come from Python as {type, data: base64} and become typed arrays.
export const DATA = JSON.parse($("data").textContent, (_, value) =>
  value?.type in KINDS
    ? new KINDS[value.type](Uint8Array.from(atob(value.data), (c) => c.charCodeAt(0)).buffer)
    : value,
);

/** Give the part of an array that belongs to one frame. */
const slice = (array, frame, frames) =>
  array.subarray((frame * array.length) / frames, ((frame + 1) * array.length) / frames);

/** Undo what helpers/recording/encoding.py does to answers and to coordinates. */
const NO_ANSWER = 255;
const NO_PLACE = -32768;
const UNIT = 1000;
const toAnswers = (bytes) =>
  Float32Array.from(bytes, (b) => (b === NO_ANSWER ? NaN : b / (NO_ANSWER - 1)));
const toPoints = (whole) => Float32Array.from(whole, (w) => (w === NO_PLACE ? NaN : w / UNIT));

/** Load a sprite; the first letters of its base64 tell which kind of picture it is. */
async function picture(base64) {
  const image = new Image();
  image.src = `data:image/${base64.startsWith("iVBOR") ? "png" : "webp"};base64,${base64}`;
  await image.decode();
  return image;
}

export const written = (value, digits = 2) =>
  Number.isFinite(value) ? value.toFixed(digits) : "not a number";
export const thousands = (value) => value.toLocaleString("en-US");
export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const mix = (a, b, t) => a + (b - a) * t;

export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// ---------------------------------------------------------------- colours and strokes
export const ink = {}; // the colours of the style sheet, by name
let ANSWER = []; // 255 colours [r, g, b, alpha] from "fake" over "undecided" to "real"

export function readColours() {
  const style = getComputedStyle(document.documentElement);
  for (const name of DATA.colours) ink[name] = style.getPropertyValue(`--${name}`).trim();
  const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  const [fake, middle, real] = [rgb(ink.fake), rgb(ink.undecided), rgb(ink.real)];
  ANSWER = Array.from({ length: 255 }, (_, i) => {
    const [from, to, t] = i < 127 ? [fake, middle, i / 127] : [middle, real, (i - 127) / 127];
    return [...from.map((c, k) => Math.round(mix(c, to[k], t))), 150];
  });
}
const colourOf = (answer) => ANSWER[Math.round(clamp(answer, 0, 1) * 254)];

/** Fit a canvas to its place on the screen; give its context, with CSS pixels as the unit. */
export function fit(canvas) {
  const scale = Math.min(2, devicePixelRatio || 1);
  const { clientWidth: width, clientHeight: height } = canvas;
  const [w, h] = [width, height].map((side) => Math.max(1, Math.round(side * scale)));
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  return { context, width, height };
}

/** Draw the lines that `path` makes, on a wider line of paper if `halo` is given. */
export function stroke(context, colour, lineWidth, path, halo = 0) {
  context.beginPath();
  path(context);
  if (halo) {
    Object.assign(context, { strokeStyle: ink.paper, lineWidth: halo });
    context.stroke();
  }
  Object.assign(context, { strokeStyle: colour, lineWidth });
  context.stroke();
}

/** A small picture for the legend. */
export function svg(inside) {
  const made = element("span");
  made.innerHTML = `<svg viewBox="0 0 24 16" aria-hidden="true">${inside}</svg>`;
  return made.firstChild;
}
/** A shape of the legend with a colour of the page: lines, or an area. */
const line = (d, colour, wide = 1) =>
  `<path d="${d}" fill="none" stroke="${colour}" stroke-width="${wide}"/>`;
const area = (d, colour) => `<path d="${d}" fill="${colour}"/>`;
/** The signs of the layers: colour and shape as on the stage. */
const SIGNS = {
  real: area("M4 9a3 3 0 1 0 6 0a3 3 0 1 0-6 0M14 6a3 3 0 1 0 6 0a3 3 0 1 0-6 0", "var(--real)"),
  fakes: line("M8 4l8 8m0-8l-8 8", "var(--fake)", 3),
  map:
    area("M0 0h12v16H0z", "var(--fake)") +
    area("M12 0h12v16H12z", "var(--real)") +
    line("M3 8h6M15 8h6M18 5v6", "white", 2),
  arrows: line("M2 13 17 5M10 4l8 .5-4 6.5", "var(--ink)", 2),
  grid: line("M3 2v12M9 2v12M15 2v12M21 2v12M1 4h22M1 9h22M1 14h22", "var(--g)"),
  border: line("M5 1.5h13v11H5zM4 15h9", "var(--real)", 2.5),
};

// ---------------------------------------------------------------- what both kinds have in common
/** One recording: its place on the page, its layers, and what is told about it in words. */
class View {
  constructor(raw) {
    // on: which layers are ticked
    Object.assign(this, raw, { raw, on: {}, frames: raw.steps.length });
    const dom = $("view").content.cloneNode(true).firstElementChild;
    dom.classList.add(raw.kind);
    for (const name of ["reading", "layers", "side", "charts", "follow", "tip"])
      this[name] = dom.querySelector(`.${name}`);
    this.canvas = dom.querySelector("canvas");
    const [title, warning] = ["h2", ".warning"].map((where) => dom.querySelector(where));
    Object.assign(warning, { textContent: raw.warning, hidden: !raw.warning });
    this.canvas.addEventListener("pointermove", (event) =>
      this.hover(event.offsetX, event.offsetY),
    );
    this.canvas.addEventListener("pointerleave", () => {
      this.tip.hidden = true;
      this.marked = null;
      redraw();
    });
    title.textContent = raw.title;
    $("views").append(dom);
  }

  /** The last frame taken at or before a step of training. */
  frameAt(step) {
    const frame = this.steps.findLastIndex((taken) => taken <= step);
    return Math.max(0, frame);
  }
  answersAt(frame) {
    return toAnswers(slice(this.answers, frame, this.frames));
  }
  addLayer(name, text, ticked) {
    this.on[name] = ticked;
    const onchange = ({ target }) => {
      this.on[name] = target.checked;
      this.layerChanged();
      redraw();
    };
    const box = element("input", { type: "checkbox", checked: ticked, name, onchange });
    this.layers.append(element("label", {}, box, svg(SIGNS[name]), text));
  }

  /** The iteration to be seen in slow motion, if that is on. */
  get moment() {
    return slow.on && this.moments[Math.min(slow.moment, this.moments.length - 1)];
  }

  showTip(text, px, py) {
    const tip = Object.assign(this.tip, { textContent: text, hidden: false });
    tip.style.left = `${clamp(px + 12, 0, Math.max(0, this.width - tip.offsetWidth))}px`;
    tip.style.top = `${py > this.height / 2 ? py - tip.offsetHeight - 10 : py + 16}px`;
  }

  /** Say what is drawn: below the canvas, and to those who do not see it. */
  tell(frame) {
    this.text = this.moment ? this.moment.captions[slow.stage.name] : this.sentences[frame];
    this.reading.textContent = this.moment ? this.text : this.readings[frame];
    this.canvas.setAttribute("aria-label", `${this.title}. ${this.text}`);
  }
}

/** D's answers on the fakes of a moment, by the networks as they are at the stage. */
function answersIn(moment) {
  const { changed } = slow.stage;
  if (changed.includes("G")) return moment.answers_after;
  return changed.includes("D") ? moment.answers_between : moment.answers;
}

// ---------------------------------------------------------------- points
// The edges of a cell, each from one corner to the next.
const EDGES = Array.from({ length: 4 }, (_, corner) => [corner, (corner + 1) % 4]);

export class PointsView extends View {
  constructor(raw) {
    super(raw);
    this.real = toPoints(raw.real);
    [this.left, this.bottom, this.right, this.top] = raw.box;
    this.flat = this.noise.length === 2 * this.count; // noise of two numbers can be drawn
    this.canvas.style.aspectRatio = "8 / 5";
    this.morph = 1;
    this.addLayer("real", "real points", true);
    this.addLayer("fakes", "fakes", true);
    this.addLayer("map", "D's answer: − fake, + real, line: undecided", true);
    const arrows = "where G is told to move its fakes (the longer, the more its loss falls)";
    if (this.pushes) this.addLayer("arrows", arrows, true);
    if (this.landing) {
      this.addLayer("grid", "grid of noise and where G puts it", false);
      this.morphBox = element("input", {
        type: "range",
        min: 0,
        max: 1,
        step: 0.01,
        value: 1,
        ariaLabel: "From noise to fakes",
        oninput: () => this.setMorph(+this.morphBox.value),
      });
      const again = element("button", {
        textContent: "Watch it fold",
        onclick: () => tween(2000, (t) => this.setMorph(t)),
      });
      this.morphRow = element("label", { className: "morph", hidden: true });
      this.morphRow.append("noise", this.morphBox, "fakes", again);
      this.layers.append(this.morphRow);
      this.low = Math.min(...this.grid);
      this.high = Math.max(...this.grid);
    }
  }

  layerChanged() {
    if (this.morphRow) this.morphRow.hidden = !this.on.grid;
    if (this.morphRow && !this.on.grid) this.setMorph(1);
  }
  setMorph(t) {
    this.morph = t;
    this.morphBox.value = t;
    redraw();
  }

  x(value) {
    return ((value - this.left) / (this.right - this.left)) * this.width;
  }
  y(value) {
    return ((this.top - value) / (this.top - this.bottom)) * this.height;
  }

  /** Noise on its way (t from 0 to 1) to the points; at the start it is a square in the middle. */
  between(noise, points, t) {
    if (t >= 1) return points;
    const size = (0.84 * this.height) / (this.high - this.low);
    const middle = (this.low + this.high) / 2;
    const { left, bottom, right, top } = this;
    const perPixel = [(right - left) / this.width, (top - bottom) / this.height];
    const centre = [(left + right) / 2, (bottom + top) / 2];
    return points.map((value, i) =>
      mix(centre[i % 2] + (noise[i] - middle) * size * perPixel[i % 2], value, t),
    );
  }

  /** What is to be seen at a frame with the ticked layers. */
  scene(frame) {
    const at = (array, turn) => turn(slice(array, frame, this.frames));
    const { on } = this;
    const fakes = at(this.fakes, toPoints);
    const answers = this.answersAt(frame);
    const morphing = on.grid && this.morph < 1;
    const scene = {
      map: at(this.map, toAnswers),
      answers,
      showMap: on.map,
      real: on.real,
      allFakes: fakes,
    };
    if (on.fakes) scene.fakes = morphing ? this.between(this.noise, fakes, this.morph) : fakes;
    if (on.arrows && !morphing) scene.pushes = slice(this.pushes, frame, this.frames);
    if (on.grid) scene.grid = this.between(this.grid, at(this.landing, toPoints), this.morph);
    return scene;
  }

  /** What is to be seen at a stage of slow motion. */
  slowScene(moment) {
    const { stage, t } = slow;
    const shows = (layer) => stage.shows.includes(layer);
    const newD = stage.changed.includes("D");
    const scene = {
      map: newD ? moment.map_after : moment.map,
      showMap: shows("map"),
      batch: shows("batch"),
      real: shows("batch") || shows("real"),
      answers: answersIn(moment),
      allFakes: moment.fakes,
    };
    if (shows("fakes")) scene.fakes = moment.fakes;
    if (shows("arrows")) Object.assign(scene, { pushes: moment.pushes, longest: moment.longest });
    if (stage.name === "fakes" && this.flat && this.grid)
      scene.fakes = this.between(this.noise, moment.fakes, t);
    if (stage.name === "d_gradients")
      scene.map = moment.change.map((c) => 0.5 + c * moment.changeGain * t);
    if (stage.name === "g_update")
      Object.assign(scene, {
        from: moment.fakes,
        fakes: moment.fakes.map((v, i) => v + t * moment.moveGain * (moment.fakes_after[i] - v)),
      });
    return scene;
  }

  draw(step) {
    Object.assign(this, fit(this.canvas));
    const frame = this.frameAt(step);
    const { moment, context, width, height } = this;
    const now = moment ? this.slowScene(moment) : this.scene(frame);
    this.now = now;
    Object.assign(context, { fillStyle: ink.paper }).fillRect(0, 0, width, height);
    if (now.showMap) this.drawMap(now.map);
    this.drawAxes();
    if (now.real) this.drawReal(now.batch);
    if (now.grid) this.drawGrid(now.grid);
    if (now.from) this.drawWays(now.from, now.fakes);
    if (now.fakes) this.drawFakes(now.fakes);
    if (now.pushes) this.drawArrows(now.fakes || now.allFakes, now.pushes);
    if (this.marked) stroke(context, ink.ink, 2, () => context.arc(...this.marked, 8, 0, 7));
    stroke(context, ink.line, 1, () => context.rect(0.5, 0.5, width - 1, height - 1));
    this.tell(frame);
  }

  drawFakes(fakes) {
    const { context } = this;
    const crosses = () =>
      this.each(fakes, (x, y) => {
        context.moveTo(x - 3, y - 3);
        context.lineTo(x + 3, y + 3);
        context.moveTo(x + 3, y - 3);
        context.lineTo(x - 3, y + 3);
      });
    stroke(context, ink.fake, 2, crosses, 3.4);
  }

  /** Lines from the places of the fakes to those to which they move. */
  drawWays(from, to) {
    const { context } = this;
    const ways = () =>
      this.each(from, (x, y, i) => {
        context.moveTo(x, y);
        context.lineTo(this.x(to[i]), this.y(to[i + 1]));
      });
    stroke(context, ink.ink, 1, ways);
  }

  /** Call `act` with the place on the canvas of each point that has one. */
  each(points, act) {
    for (let i = 0; i < points.length; i += 2) {
      const x = this.x(points[i]);
      const y = this.y(points[i + 1]);
      if (Number.isFinite(x + y)) act(x, y, i);
    }
  }

  /** D's answers as colours, a line where it is undecided, and signs - and + that grow with it. */
  drawMap(values) {
    const { context, width, height } = this;
    const n = Math.sqrt(values.length);
    this.small ||= Object.assign(document.createElement("canvas"), { width: n, height: n });
    const small = this.small.getContext("2d");
    const image = small.createImageData(n, n);
    values.forEach((answer, i) => {
      const at = 4 * ((n - 1 - Math.floor(i / n)) * n + (i % n)); // the first row is the lowest
      if (Number.isFinite(answer)) image.data.set(colourOf(answer), at);
    });
    small.putImageData(image, 0, 0);
    const w = width / (n - 1);
    const h = height / (n - 1); // cells are centred on the points asked
    context.imageSmoothingEnabled = true;
    context.drawImage(this.small, -w / 2, -h / 2, w * n, h * n);
    stroke(context, ink.ink, 1.6, () => this.pathUndecided(values, n, w, h));
    stroke(context, ink.soft, 1.2, () => this.pathSigns(values));
  }

  /** In each cell of the map, join the points where its edges cross the answer 0.5. */
  pathUndecided(values, n, w, h) {
    const { context, height } = this;
    for (let k = 0; k < (n - 1) * n; k++) {
      const [i, j] = [k % n, Math.floor(k / n)];
      const below = values[k] < 0.5;
      if (i === n - 1 || [1, n, n + 1].every((more) => values[k + more] < 0.5 === below)) continue;
      // the corners of the cell, in the order in which one goes round it
      const columns = [i, i + 1, i + 1, i];
      const rows = [j, j, j + 1, j + 1];
      let draw = "moveTo";
      for (const [a, b] of EDGES) {
        const [p, q] = [a, b].map((c) => values[rows[c] * n + columns[c]] - 0.5);
        if (p < 0 === q < 0 || !Number.isFinite(p + q)) continue;
        const t = p / (p - q);
        context[draw](mix(columns[a], columns[b], t) * w, height - mix(rows[a], rows[b], t) * h);
        draw = draw === "moveTo" ? "lineTo" : "moveTo";
      }
    }
  }

  /** Signs - and +, the longer the surer D is. */
  pathSigns(values) {
    const { context, width, height } = this;
    for (let k = 0; k < 14 * 8; k++) {
      const x = ((Math.floor(k / 8) + 0.5) * width) / 14;
      const y = (((k % 8) + 0.5) * height) / 8;
      const sure = 2 * this.answerAt(values, x, y) - 1;
      const r = 5 * Math.abs(sure);
      if (!(r > 1)) continue;
      context.moveTo(x - r, y);
      context.lineTo(x + r, y);
      if (sure < 0) continue;
      context.moveTo(x, y - r);
      context.lineTo(x, y + r);
    }
  }

  /** D's answer at a place of the canvas: that of the nearest point asked. */
  answerAt(values, px, py) {
    const n = Math.sqrt(values.length);
    const place = (part) => Math.round(clamp(part, 0, 1) * (n - 1));
    return values[place(1 - py / this.height) * n + place(px / this.width)];
  }

  drawAxes() {
    Object.assign(this.context, { fillStyle: ink.soft, font: "11px system-ui, sans-serif" });
    const put = (value, x, y) => this.context.fillText(String(value).replace("-", "−"), x, y);
    const far = (place, size) => place > 14 && place < size - 20;
    for (const v of this.marksX)
      if (far(this.x(v), this.width)) put(v, this.x(v) - 3, this.height - 5);
    for (const v of this.marksY) if (far(this.y(v), this.height)) put(v, 5, this.y(v) + 4);
  }

  drawReal(batch) {
    const { context } = this;
    const dots = (points, r, globalAlpha) => {
      Object.assign(context, { fillStyle: ink.real, globalAlpha }).beginPath();
      this.each(points, (x, y) => {
        context.moveTo(x + r, y);
        context.arc(x, y, r, 0, 7);
      });
      context.fill();
    };
    dots(this.real, 2, batch ? 0.25 : 1);
    dots(this.real.subarray(0, batch ? 64 : 0), 5, 1); // a batch: the first 32 of them, larger
  }

  /** Arrows, a length of 12 % of the width for the longest but a tenth; longer ones are cut. */
  drawArrows(points, pushes) {
    const { context, width } = this;
    const unit = (0.12 * width) / (this.now.longest || this.longest);
    const arrow = (x, y, i) => {
      const size = Math.min(unit * Math.hypot(pushes[i], pushes[i + 1]), 0.18 * width);
      if (!(size > 2)) return;
      // the direction on the canvas, where the two axes may have different scales
      let dx = this.x(pushes[i]) - this.x(0);
      let dy = this.y(pushes[i + 1]) - this.y(0);
      const norm = Math.hypot(dx, dy);
      const head = Math.min(6, size / 2) / size;
      dx *= size / norm;
      dy *= size / norm;
      context.moveTo(x, y);
      context.lineTo(x + dx, y + dy);
      context.moveTo(x + dx - head * (dx - 0.6 * dy), y + dy - head * (dy + 0.6 * dx));
      context.lineTo(x + dx, y + dy);
      context.lineTo(x + dx - head * (dx + 0.6 * dy), y + dy - head * (dy - 0.6 * dx));
    };
    const some = points.subarray(0, pushes.length);
    stroke(context, ink.ink, 1.3, () => this.each(some, arrow), 3);
  }

  /** The grid of noise, bent by G. A cell is the darker, the more noise it holds for its area. */
  drawGrid(points) {
    const { context, grid } = this;
    const n = Math.sqrt(points.length / 2);
    const at = (k) => [this.x(points[2 * k]), this.y(points[2 * k + 1])];
    context.fillStyle = ink.g;
    for (let k = 0; k < (n - 1) * n; k++) {
      if (k % n === n - 1) continue;
      const corners = [k, k + 1, k + n + 1, k + n].map(at);
      const areas = EDGES.map(([a, b]) => {
        const [[x, y], [nextX, nextY]] = [corners[a], corners[b]];
        return (x * nextY - nextX * y) / 2;
      });
      const area = Math.abs(areas.reduce((sum, part) => sum + part, 0));
      const mass = Math.exp(-(grid[2 * k] ** 2 + grid[2 * k + 1] ** 2) / 2);
      const shade = (mass * this.width * this.height) / Math.max(area, 1) / 1600;
      context.globalAlpha = clamp(shade, 0.02, 0.6);
      context.beginPath();
      for (const corner of corners) context.lineTo(...corner);
      context.fill();
    }
    context.globalAlpha = 0.8;
    stroke(context, ink.g, 0.8, () => {
      for (let j = 0; j < n; j++)
        for (let i = 0; i < n; i++) context[i ? "lineTo" : "moveTo"](...at(j * n + i));
      for (let i = 0; i < n; i++)
        for (let j = 0; j < n; j++) context[j ? "lineTo" : "moveTo"](...at(j * n + i));
    });
    context.globalAlpha = 1;
  }

  /** Coordinates and D's answer under the pointer, or those of the fake next to it. */
  hover(px, py) {
    const { now } = this;
    if (!now) return;
    let best = 10;
    let found = -1;
    this.marked = null;
    this.each(now.fakes || [], (x, y, i) => {
      const distance = Math.hypot(x - px, y - py);
      if (distance < best) {
        best = distance;
        found = i;
        this.marked = [x, y];
      }
    });
    const pair = (x, y) => `(${written(x)}, ${written(y)})`;
    const at = (points) => pair(points[found], points[found + 1]);
    const x = mix(this.left, this.right, px / this.width);
    const y = mix(this.top, this.bottom, py / this.height);
    const here = `${pair(x, y)} D says ${written(this.answerAt(now.map, px, py))}`;
    const fake = () => {
      const origin = this.flat ? `, from noise ${at(this.noise)}` : "";
      const answer = written(now.answers[found / 2]);
      return `fake ${found / 2 + 1}: ${at(now.fakes)} D says ${answer}${origin}`;
    };
    this.showTip(found < 0 ? here : fake(), px, py);
    redraw();
  }
}

// ---------------------------------------------------------------- pictures
const BAR = 0.06; // height of the bar below a picture, as a part of its width

export class PicturesView extends View {
  constructor(raw) {
    super(raw);
    this.rows = Math.ceil(this.count / raw.columns);
    this.all = Array.from({ length: this.count }, (_, k) => k);
    this.chosen = -1;
    const border = "D's answer: colour of the border, length of the bar (full: real)";
    this.addLayer("border", border, true);
    if (this.real) this.addLayer("real", "real examples beside them", false);
    this.select = element("select", { onchange: () => this.choose(+this.select.value) });
    const options = this.all.map((k) => new Option(`number ${k + 1}`, k));
    this.select.append(new Option("none", -1), ...options);
    this.layers.append(element("label", {}, "Follow a picture", this.select));
    this.big = element("canvas", { role: "img" });
    this.words = element("p");
    this.follow.append(this.big, this.words);
    this.canvas.onclick = ({ offsetX, offsetY }) => this.choose(this.tileAt(offsetX, offsetY));
  }

  /** Decode all sprites before the first drawing. */
  async load() {
    for (const moment of this.moments)
      for (const name of ["sprite", "change"]) moment[name] = await picture(moment[name]);
    this.sprites = await Promise.all(this.sprites.map(picture));
    if (this.real) this.real = await picture(this.real);
    this.ratio = this.sprites[0].width / this.columns / (this.sprites[0].height / this.rows);
    this.layerChanged();
  }

  layerChanged() {
    // the canvas is wide enough for one sheet, or for two and a gap
    this.canvas.style.aspectRatio =
      (this.columns * (this.on.real ? 2.06 : 1)) / this.rows / (1 / this.ratio + BAR);
    this.big.style.aspectRatio = this.ratio;
  }

  /** Enlarge a picture; none (-1), or the same one again, ends it. */
  choose(tile) {
    this.chosen = this.select.value = tile === this.chosen ? -1 : tile;
    this.follow.hidden = this.chosen < 0;
    redraw();
  }

  /** Where the k-th picture lies on a sheet of some size: x, y, width, height. */
  cell(k, width, height) {
    const w = width / this.columns;
    const h = height / this.rows;
    return [(k % this.columns) * w, Math.floor(k / this.columns) * h, w, h];
  }
  place(k) {
    return this.cell(k, this.width / (this.on.real ? 2.06 : 1), this.height);
  }
  tile(sprite, k) {
    return [sprite, ...this.cell(k, sprite.width, sprite.height)];
  }
  tileAt(px, py) {
    const [, , w, h] = this.place(0);
    const column = Math.floor(px / w);
    const k = Math.floor(py / h) * this.columns + column;
    return column < this.columns && k < this.count ? k : -1;
  }

  slowScene(moment) {
    const { stage } = slow;
    let sprite = stage.name === "g_update" ? moment.change : moment.sprite;
    if (stage.name === "batch" && this.real) sprite = this.real;
    return { sprite, answers: stage.shows.includes("map") ? answersIn(moment) : null };
  }

  draw(step) {
    Object.assign(this, fit(this.canvas));
    const frame = this.frameAt(step);
    const { moment, context } = this;
    const scene = () => ({ sprite: this.sprites[frame], answers: this.answersAt(frame) });
    const now = moment ? this.slowScene(moment) : scene();
    this.now = now;
    Object.assign(context, { fillStyle: ink.panel, imageSmoothingEnabled: false });
    context.fillRect(0, 0, this.width, this.height);
    for (const k of this.all) {
      const [x, y, w, h] = this.place(k);
      this.drawTile(now.sprite, k, x, y, w, h, now.answers);
      if (k === this.chosen)
        stroke(context, ink.ink, 2, () => context.rect(x + 1, y + 1, w - 2, h - 2));
      if (this.on.real) this.drawTile(this.real, k, x + (this.width * 1.06) / 2.06, y, w, h, null);
    }
    this.tell(frame);
    if (this.chosen < 0 || moment) return;
    const big = fit(this.big);
    const at = (which) => written(this.answersAt(which)[this.chosen]);
    big.context.imageSmoothingEnabled = false;
    big.context.drawImage(...this.tile(now.sprite, this.chosen), 0, 0, big.width, big.height);
    this.words.textContent =
      `Picture ${this.chosen + 1}. D says ${at(frame)} to it at this moment; ` +
      `at the start it said ${at(0)}, at the end ${at(this.frames - 1)}.`;
    this.big.setAttribute("aria-label", `Picture ${this.chosen + 1} enlarged`);
  }

  /** One picture; around it D's answer as a colour, below it as a bar. */
  drawTile(sprite, k, x, y, w, h, answers) {
    const { context } = this;
    const edge = Math.max(2, w * 0.035);
    const bar = BAR * w;
    const gap = 2 + edge;
    context.drawImage(...this.tile(sprite, k), x + gap, y + gap, w - 2 * gap, h - 2 * gap - bar);
    if (!this.on.border || !answers) return;
    const known = Number.isFinite(answers[k]);
    const colour = known ? `rgb(${colourOf(answers[k]).slice(0, 3)})` : ink.line;
    const inset = 2 + edge / 2;
    const frame = [x + inset, y + inset, w - 2 * inset, h - 2 * inset - bar];
    stroke(context, colour, edge, () => context.rect(...frame));
    context.fillStyle = colour;
    context.fillRect(x + 2, y + h - 1 - bar, (w - 4) * clamp(answers[k] || 0, 0, 1), bar - 1);
    stroke(context, ink.soft, 0.7, () => context.rect(x + 2, y + h - 1 - bar, w - 4, bar - 1));
  }

  hover(px, py) {
    const k = this.tileAt(px, py);
    const answer = this.now?.answers?.[k];
    this.tip.hidden = true;
    const says = answer === undefined ? "" : `: D says ${written(answer)} (click to follow)`;
    if (k >= 0) this.showTip(`picture ${k + 1}${says}`, px, py);
  }
}
