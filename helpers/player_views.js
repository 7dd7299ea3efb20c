// ---------------------------------------------------------------- data

const DATA = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const KINDS = { float32: Float32Array, int16: Int16Array, uint8: Uint8Array };
const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** Turn {type, data: base64} from Python into a typed array. */
function unpack(packed) {
  if (!packed) return null;
  const text = atob(packed.data), bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return new KINDS[packed.type](bytes.buffer);
}

/** Give the part of an array that belongs to one frame. */
const slice = (array, frame, frames) =>
  array.subarray(frame * array.length / frames, (frame + 1) * array.length / frames);

/** Answers are kept as 0 to 254, 255 for "not a number"; coordinates as thousandths. */
const toAnswers = (bytes) => Float32Array.from(bytes, (b) => b === 255 ? NaN : b / 254);
const toPoints = (whole) => Float32Array.from(whole, (w) => w === -32768 ? NaN : w / 1000);

/** Load a sprite; the first letters of its base64 tell which kind of picture it is. */
async function picture(base64) {
  const image = new Image();
  image.src = `data:image/${base64.startsWith("iVBOR") ? "png" : "webp"};base64,${base64}`;
  await image.decode();
  return image;
}

function mean(values) {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

const number = (value, digits = 2) => Number.isFinite(value) ? value.toFixed(digits) : "not a number";
const whole = (value) => value.toLocaleString("en-US");
const percent = (value) => `${Math.round(100 * value)} %`;
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const mix = (a, b, t) => a + (b - a) * t;

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// ---------------------------------------------------------------- colours

const ink = {}; // the colours of the style sheet, by name
let ANSWER = []; // 255 colours [r, g, b] from "fake" over "undecided" to "real"

function readColours() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["paper", "panel", "ink", "soft", "line", "real", "fake", "undecided", "d", "g"])
    ink[name] = style.getPropertyValue("--" + name).trim();
  const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  const [fake, middle, real] = [rgb(ink.fake), rgb(ink.undecided), rgb(ink.real)];
  ANSWER = Array.from({ length: 255 }, (_, i) => {
    const [a, b, t] = i < 127 ? [fake, middle, i / 127] : [middle, real, (i - 127) / 127];
    return a.map((c, k) => Math.round(mix(c, b[k], t)));
  });
}
const answerColour = (answer) =>
  Number.isFinite(answer) ? `rgb(${ANSWER[Math.round(clamp(answer, 0, 1) * 254)]})` : ink.line;

/** Fit a canvas to its place on the screen; give its context, with CSS pixels as the unit. */
function fit(canvas) {
  const scale = Math.min(2, devicePixelRatio || 1);
  const width = canvas.clientWidth, height = canvas.clientHeight;
  const w = Math.max(1, Math.round(width * scale)), h = Math.max(1, Math.round(height * scale));
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  return { context, width, height };
}

/** Small pictures for the legend: colour and shape as on the stage. */
const svg = (inside) => {
  const made = element("span");
  made.innerHTML = `<svg viewBox="0 0 24 16" aria-hidden="true">${inside}</svg>`;
  return made.firstChild;
};
const SIGNS = {
  real: '<circle cx="7" cy="9" r="3" fill="var(--real)"/><circle cx="17" cy="6" r="3" fill="var(--real)"/>',
  fakes: '<path d="M8 4l8 8m0-8l-8 8" stroke="var(--fake)" stroke-width="3"/>',
  map: '<defs><linearGradient id="ramp"><stop stop-color="var(--fake)"/><stop offset=".5" stop-color="var(--undecided)"/><stop offset="1" stop-color="var(--real)"/></linearGradient></defs><rect width="24" height="16" fill="url(#ramp)"/><path d="M2 8h5M17 8h5M19.500 5.500v5" stroke="#111" stroke-width="1.500"/>',
  arrows: '<path d="M2 13 17 5M10 4l8 .5-4 6.500" stroke="var(--ink)" stroke-width="2" fill="none"/>',
  grid: '<path d="M3 2v12M9 2v12M15 2v12M21 2v12M1 4h22M1 9h22M1 14h22" stroke="var(--g)" fill="none"/>',
  border: '<rect x="5" y="1.500" width="13" height="11" fill="none" stroke="var(--real)" stroke-width="2.500"/><path d="M4 15h9" stroke="var(--real)" stroke-width="2"/>',
};

// ---------------------------------------------------------------- points

/** What is common to both kinds of recordings. */
class View {
  constructor(raw) {
    this.raw = raw;
    this.frames = raw.steps.length;
    this.answers = unpack(raw.answers);
    this.dom = $("view").content.cloneNode(true).firstElementChild;
    this.dom.classList.add(raw.kind);
    for (const name of ["stage", "reading", "layers", "side", "charts", "follow", "warning", "tip"])
      this[name] = this.dom.querySelector("." + name);
    this.on = {}; // which layers are ticked
    this.canvas = this.stage.querySelector("canvas");
    this.dom.querySelector("h2").textContent = raw.title || `Recording of ${raw.kind}`;
    $("views").append(this.dom);
  }

  /** The last frame taken at or before a step of training. */
  frameAt(step) {
    let frame = 0;
    while (frame + 1 < this.frames && this.raw.steps[frame + 1] <= step) frame++;
    return frame;
  }

  addLayer(name, text, ticked) {
    this.on[name] = ticked;
    const box = element("input", { type: "checkbox", checked: ticked, name });
    box.addEventListener("change", () => { this.on[name] = box.checked; this.layerChanged(); redraw(); });
    this.layers.append(element("label", {}, box, svg(SIGNS[name]), text));
  }

  layerChanged() {}

  warn() {
    const { brokenAt, planned, done } = this.raw, texts = [];
    if (brokenAt) texts.push(`From step ${whole(brokenAt)} on the losses are not numbers.`);
    if (planned && done < planned)
      texts.push(`The run stopped at step ${whole(done)} of ${whole(planned)}.`);
    if (this.frames === 1) texts.push("Only one frame was recorded: there is nothing to play.");
    this.warning.textContent = texts.join(" ");
    this.warning.hidden = !texts.length;
  }

  /** Where the frame at a step stands, for the live text. */
  sentence(step) {
    const frame = this.frameAt(step), { raw } = this, at = raw.steps[frame];
    let text = `Step ${whole(at)} of ${whole(raw.done)}, ${number(raw.seconds[frame], 1)} s. `;
    const now = this.curveValues(at);
    if (now && at > 0)
      text += `Loss of D ${number(now.loss_d)}, of G ${number(now.loss_g)}; D's mean answer ` +
        `${number(now.answer_real)} on real, ${number(now.answer_fake)} on fake. `;
    else text += `D's mean answer on the fakes shown: ${number(mean(this.answersAt(frame)))}. `;
    return text;
  }

  /** The sentence with the numbers of a stage of slow motion; `own` are those of one kind only. */
  slowText(moment, own) {
    const [lossD, lossG, real, fake] = moment.losses, shown = (answers) => number(mean(answers), 4);
    const change = (from, to) => `D's mean answer on the fakes shown: ${shown(from)} → ${shown(to)}.`;
    const texts = {
      1: "Each fake is what G makes of one noise vector.",
      2: `In this iteration D's mean answer was ${number(real, 3)} on real, ${number(fake, 3)} on fake.`,
      3: `Loss of D: ${number(lossD, 3)} (2 ln 2 = 1.386 if it only guessed).`,
      5: "D has changed. " + change(moment.answers, moment.answers_between),
      6: "Training takes new noise; here the same fakes are shown, to compare.",
      7: `The new D's mean answer on the fakes shown: ${shown(moment.answers_between)}.`,
      8: `Loss of G: ${number(lossG, 3)} (ln 2 = 0.693 if D cannot tell).`,
    };
    let text = own[slow.stage] || texts[slow.stage];
    if (slow.stage === 10) text += " " + change(moment.answers_between, moment.answers_after);
    return `Iteration ${whole(moment.step + 1)}: ${text}`;
  }

  answersAt(frame) { return toAnswers(slice(this.answers, frame, this.frames)); }

  curveValues(step) {
    const { curves } = this;
    if (!curves || !curves.step.length) return null;
    let i = 0;
    while (i + 1 < curves.step.length && curves.step[i + 1] <= step) i++;
    return Object.fromEntries(["loss_d", "loss_g", "answer_real", "answer_fake"].map((n) => [n, curves[n][3 * i]]));
  }
}

/** The length that nine arrows of ten do not exceed. */
function usualLength(arrows) {
  const lengths = [];
  for (let i = 0; i < arrows.length; i += 2) lengths.push(Math.hypot(arrows[i], arrows[i + 1]));
  const known = lengths.filter(Number.isFinite).sort((a, b) => a - b);
  return known[Math.floor(0.9 * known.length)] || 1;
}

class PointsView extends View {
  constructor(raw) {
    super(raw);
    for (const name of ["fakes", "map", "pushes", "landing", "noise", "grid"])
      this[name] = unpack(raw[name]);
    this.real = toPoints(unpack(raw.real));
    [this.left, this.bottom, this.right, this.top] = raw.box;
    this.mapSide = Math.sqrt(this.map.length / this.frames);
    this.flat = this.noise.length === 2 * raw.count; // noise of two numbers can be drawn
    this.canvas.style.aspectRatio = "8 / 5";
    this.morph = 1;
    this.addLayer("real", "real points", true);
    this.addLayer("fakes", "fakes", true);
    this.addLayer("map", "D's answer: − fake, + real, line: undecided", true);
    if (this.pushes) {
      this.addLayer("arrows", "where G is told to move its fakes", true);
      this.loss = element("select", { ariaLabel: "Which loss of G the arrows belong to" },
        new Option("for −log(answer), as trained", "own"),
        new Option("for log(1 − answer), the saturating loss", "saturating"));
      this.loss.addEventListener("change", redraw);
      this.layers.append(this.loss);
      this.longest = usualLength(this.pushes);
    }
    if (this.landing) {
      this.addLayer("grid", "grid of noise and where G puts it", false);
      this.morphBox = element("input", { type: "range", min: 0, max: 1, step: 0.01, value: 1,
        ariaLabel: "From noise to fakes" });
      this.morphBox.addEventListener("input", () => { this.morph = +this.morphBox.value; redraw(); });
      const again = element("button", { type: "button", textContent: "Watch it fold" });
      again.addEventListener("click", () => tween(2000, (t) => this.setMorph(t)));
      this.morphRow = element("label", { className: "morph", hidden: true },
        "noise", this.morphBox, "fakes", again);
      this.layers.append(this.morphRow);
      this.low = Math.min(...this.grid); this.high = Math.max(...this.grid);
    }
    this.moments = raw.moments.map((moment) => this.readMoment(moment));
    this.canvas.addEventListener("pointermove", (event) => this.hover(event));
    this.canvas.addEventListener("pointerleave", () => { this.tip.hidden = true; this.marked = null; redraw(); });
  }

  readMoment(moment) {
    const read = { step: moment.step };
    for (const name in moment) if (moment[name].data) read[name] = unpack(moment[name]);
    let greatest = 1e-6;
    read.change = read.map_after.map((value, i) => value - read.map[i]);
    for (const c of read.change) greatest = Math.max(greatest, Math.abs(c) || 0);
    read.changeGain = 1 / (2 * greatest); // so that the greatest change fills half the scale
    let moved = 0;
    read.fakes.forEach((value, i) => { moved = Math.max(moved, Math.abs(read.fakes_after[i] - value) || 0); });
    read.moveGain = clamp(Math.round(0.4 / (moved || 1)), 1, 1000);
    return read;
  }

  layerChanged() {
    if (!this.morphRow) return;
    this.morphRow.hidden = !this.on.grid;
    if (!this.on.grid) this.setMorph(1);
  }
  setMorph(t) { this.morph = t; this.morphBox.value = t; redraw(); }

  x(value) { return (value - this.left) / (this.right - this.left) * this.width; }
  y(value) { return (this.top - value) / (this.top - this.bottom) * this.height; }

  /** Where a noise vector stands while it has not become a point yet: a square in the middle. */
  noiseAt(vector, axis) {
    const part = (vector - this.low) / (this.high - this.low), side = 0.84 * this.height;
    return axis ? this.top - (this.height - side * part - 0.08 * this.height) / this.height * (this.top - this.bottom)
      : this.left + (this.width / 2 + side * (part - 0.5)) / this.width * (this.right - this.left);
  }
  between(noise, points, t) {
    return t >= 1 ? points : points.map((value, i) => mix(this.noiseAt(noise[i], i % 2), value, t));
  }

  /** What is to be seen at a frame with the ticked layers. */
  scene(frame) {
    const at = (array, turn) => turn(slice(array, frame, this.frames)), { on } = this;
    const fakes = at(this.fakes, toPoints), answers = this.answersAt(frame);
    const scene = { map: at(this.map, toAnswers), answers, showMap: on.map, real: on.real };
    scene.allFakes = fakes;
    const morphing = on.grid && this.morph < 1;
    if (on.fakes) scene.fakes = morphing ? this.between(this.noise, fakes, this.morph) : fakes;
    if (on.arrows && this.pushes && !morphing) {
      scene.pushes = slice(this.pushes, frame, this.frames);
      if (this.loss.value === "saturating") // same direction, times answer / (1 - answer)
        scene.pushes = scene.pushes.map((v, i) => v * answers[i >> 1] / Math.max(1 - answers[i >> 1], 1 / 254));
    }
    if (on.grid) scene.grid = this.between(this.grid, at(this.landing, toPoints), this.morph);
    return scene;
  }

  draw(step) {
    Object.assign(this, fit(this.canvas));
    this.now = slow.on && this.moments.length ? this.slowScene() : this.scene(this.frameAt(step));
    const { now, context } = this;
    context.fillStyle = ink.paper;
    context.fillRect(0, 0, this.width, this.height);
    if (now.showMap) this.drawMap(now.map);
    this.drawAxes();
    if (now.real) this.drawReal(now.batch);
    if (now.grid) this.drawGrid(now.grid);
    if (now.from) this.drawTrails(now.from, now.fakes);
    if (now.fakes) this.drawFakes(now.fakes);
    if (now.pushes) this.drawArrows(now.fakes || now.allFakes, now.pushes);
    if (this.marked) this.ring(this.marked);
    context.strokeStyle = ink.line;
    context.strokeRect(0.5, 0.5, this.width - 1, this.height - 1);
    const frame = this.frameAt(step);
    if (!now.text) {
      const outside = this.outside(now.allFakes);
      now.text = `Coverage ${percent(this.raw.coverage[frame])}` +
        (outside ? ` · ${outside} of ${this.raw.count} fakes lie outside the picture` : "");
    }
    this.reading.textContent = now.text;
    this.canvas.setAttribute("aria-label", `${this.raw.title}. ${slow.on ? now.text : this.sentence(step)}`);
  }

  sentence(step) {
    return super.sentence(step) + `Coverage ${percent(this.raw.coverage[this.frameAt(step)])}.`;
  }

  outside(points) {
    let count = 0;
    for (let i = 0; i < points.length; i += 2) {
      const [x, y] = [points[i], points[i + 1]];
      if (!(x >= this.left && x <= this.right && y >= this.bottom && y <= this.top)) count++;
    }
    return count;
  }

  /** D's answers as colours, the line where it is undecided, and signs - and + that grow with it. */
  drawMap(values) {
    const { context, width, height, mapSide: n } = this;
    this.small ||= Object.assign(document.createElement("canvas"), { width: n, height: n });
    const small = this.small.getContext("2d"), image = small.createImageData(n, n);
    for (let row = 0; row < n; row++) for (let column = 0; column < n; column++) {
      const answer = values[(n - 1 - row) * n + column], at = 4 * (row * n + column);
      if (!Number.isFinite(answer)) continue;
      image.data.set(ANSWER[Math.round(clamp(answer, 0, 1) * 254)], at);
      image.data[at + 3] = 150;
    }
    small.putImageData(image, 0, 0);
    const w = width / (n - 1), h = height / (n - 1); // cells are centred on the points asked
    context.imageSmoothingEnabled = true;
    context.drawImage(this.small, -w / 2, -h / 2, w * n, h * n);
    this.drawContour(values, 0.5);
    context.strokeStyle = ink.soft;
    context.lineWidth = 1.2;
    context.beginPath();
    for (let i = 0; i < 14; i++) for (let j = 0; j < 8; j++) {
      const x = (i + 0.5) * width / 14, y = (j + 0.5) * height / 8;
      const sure = 2 * this.answerAt(values, x, y) - 1, r = 5 * Math.abs(sure);
      if (!(r > 1)) continue;
      context.moveTo(x - r, y); context.lineTo(x + r, y);
      if (sure > 0) { context.moveTo(x, y - r); context.lineTo(x, y + r); }
    }
    context.stroke();
  }

  /** D's answer at a place of the canvas, from the four points asked around it. */
  answerAt(values, px, py) {
    const n = this.mapSide, u = clamp(px / this.width, 0, 1) * (n - 1);
    const v = (1 - clamp(py / this.height, 0, 1)) * (n - 1);
    const i = Math.min(n - 2, Math.floor(u)), j = Math.min(n - 2, Math.floor(v)), at = j * n + i;
    return mix(mix(values[at], values[at + 1], u - i), mix(values[at + n], values[at + n + 1], u - i), v - j);
  }

  /** The line where the answer is `level`: in each cell, join the points where its edges cross it. */
  drawContour(values, level) {
    const { context, width, height, mapSide: n } = this;
    const w = width / (n - 1), h = height / (n - 1);
    context.beginPath();
    for (let j = 0; j < n - 1; j++) for (let i = 0; i < n - 1; i++) {
      const corners = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]];
      let crossings = 0;
      for (let k = 0; k < 4; k++) {
        const [a, b] = [corners[k], corners[(k + 1) % 4]];
        const [p, q] = [values[a[1] * n + a[0]] - level, values[b[1] * n + b[0]] - level];
        if ((p < 0) === (q < 0) || !Number.isFinite(p + q)) continue;
        const t = p / (p - q), x = mix(a[0], b[0], t) * w, y = height - mix(a[1], b[1], t) * h;
        if (crossings++ % 2) context.lineTo(x, y); else context.moveTo(x, y);
      }
    }
    context.strokeStyle = ink.ink;
    context.lineWidth = 1.6;
    context.stroke();
  }

  drawAxes() {
    const { context } = this;
    context.fillStyle = ink.soft;
    context.font = "11px system-ui, sans-serif";
    const space = (low, high, most) => { // 1, 2 or 5 times a power of ten
      const unit = 10 ** Math.floor(Math.log10((high - low) / most));
      return [1, 2, 5, 10].find((k) => (high - low) / (k * unit) <= most) * unit;
    };
    const label = (value) => String(+value.toFixed(6)).replace("-", "−");
    const dx = space(this.left, this.right, 9), dy = space(this.bottom, this.top, 6);
    context.textAlign = "center";
    for (let v = Math.ceil(this.left / dx) * dx; v < this.right; v += dx)
      if (this.x(v) > 14 && this.x(v) < this.width - 14) context.fillText(label(v), this.x(v), this.height - 5);
    context.textAlign = "left";
    for (let v = Math.ceil(this.bottom / dy) * dy; v < this.top; v += dy)
      if (this.y(v) > 14 && this.y(v) < this.height - 20) context.fillText(label(v), 5, this.y(v) + 4);
  }

  drawReal(batch) {
    const { context, real } = this;
    context.fillStyle = ink.real;
    context.globalAlpha = batch ? 0.25 : 1;
    context.beginPath();
    const dots = (from, to, r) => {
      for (let i = from; i < to; i += 2) {
        const x = this.x(real[i]), y = this.y(real[i + 1]);
        context.moveTo(x + r, y);
        context.arc(x, y, r, 0, 7);
      }
    };
    dots(0, real.length, 2);
    context.fill();
    context.globalAlpha = 1;
    if (!batch) return;
    context.beginPath(); // a batch: the first 32 of them, larger
    dots(0, Math.min(64, real.length), 5);
    context.fill();
    context.strokeStyle = ink.paper;
    context.lineWidth = 1;
    context.stroke();
  }

  drawFakes(points) {
    const { context } = this, r = 3.2;
    context.beginPath();
    for (let i = 0; i < points.length; i += 2) {
      const x = this.x(points[i]), y = this.y(points[i + 1]);
      if (!Number.isFinite(x + y)) continue;
      context.moveTo(x - r, y - r); context.lineTo(x + r, y + r);
      context.moveTo(x + r, y - r); context.lineTo(x - r, y + r);
    }
    context.lineWidth = 3.4; context.strokeStyle = ink.paper; context.stroke();
    context.lineWidth = 2; context.strokeStyle = ink.fake; context.stroke();
  }

  drawTrails(from, to) {
    const { context } = this;
    context.beginPath();
    for (let i = 0; i < to.length; i += 2) {
      context.moveTo(this.x(from[i]), this.y(from[i + 1]));
      context.lineTo(this.x(to[i]), this.y(to[i + 1]));
    }
    context.lineWidth = 1; context.strokeStyle = ink.ink; context.stroke();
  }

  /** Arrows, a length of 12 % of the width for the longest but a tenth; longer ones are cut. */
  drawArrows(points, pushes) {
    const { context, width } = this, unit = 0.12 * width / (this.now.longest || this.longest);
    context.beginPath();
    for (let i = 0; i < pushes.length; i += 2) {
      const length = Math.hypot(pushes[i], pushes[i + 1]), size = Math.min(unit * length, 0.18 * width);
      const x = this.x(points[i]), y = this.y(points[i + 1]);
      if (!(size > 2) || !Number.isFinite(x + y)) continue;
      // the direction on the canvas, where the two axes may have different scales
      let dx = pushes[i] / (this.right - this.left) * width, dy = -pushes[i + 1] / (this.top - this.bottom) * this.height;
      const norm = Math.hypot(dx, dy); dx *= size / norm; dy *= size / norm;
      const head = Math.min(6, size / 2) / size, tipX = x + dx, tipY = y + dy;
      context.moveTo(x, y); context.lineTo(tipX, tipY);
      context.moveTo(tipX - head * (dx - 0.6 * dy), tipY - head * (dy + 0.6 * dx));
      context.lineTo(tipX, tipY);
      context.lineTo(tipX - head * (dx + 0.6 * dy), tipY - head * (dy - 0.6 * dx));
    }
    context.lineWidth = 3; context.strokeStyle = ink.paper; context.stroke();
    context.lineWidth = 1.3; context.strokeStyle = ink.ink; context.stroke();
  }

  /** The grid of noise, bent by G. A cell is the darker, the more noise it holds for its area. */
  drawGrid(points) {
    const { context, grid } = this, n = Math.sqrt(points.length / 2);
    const at = (k) => [this.x(points[2 * k]), this.y(points[2 * k + 1])];
    const typical = this.width * this.height / 400;
    context.fillStyle = ink.g; context.strokeStyle = ink.g; context.lineWidth = 0.8;
    for (let j = 0; j < n - 1; j++) for (let i = 0; i < n - 1; i++) {
      const k = j * n + i, corners = [at(k), at(k + 1), at(k + n + 1), at(k + n)];
      let area = 0;
      corners.forEach(([x, y], c) => { const [p, q] = corners[(c + 1) % 4]; area += (x * q - p * y) / 2; });
      const mass = Math.exp(-(grid[2 * k] ** 2 + grid[2 * k + 1] ** 2) / 2);
      context.globalAlpha = clamp(0.25 * mass * typical / Math.max(Math.abs(area), 1), 0.02, 0.6);
      context.beginPath();
      corners.forEach(([x, y], c) => c ? context.lineTo(x, y) : context.moveTo(x, y));
      context.fill();
    }
    context.globalAlpha = 0.8;
    context.beginPath();
    for (let j = 0; j < n; j++) for (let i = 0; i < n; i++) {
      context[i ? "lineTo" : "moveTo"](...at(j * n + i));
    }
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) {
      context[j ? "lineTo" : "moveTo"](...at(j * n + i));
    }
    context.stroke();
    context.globalAlpha = 1;
  }

  ring([x, y]) {
    const { context } = this;
    context.beginPath();
    context.arc(x, y, 8, 0, 7);
    context.lineWidth = 2; context.strokeStyle = ink.ink; context.stroke();
  }

  /** Coordinates and D's answer under the pointer, or those of the fake next to it. */
  hover(event) {
    if (!this.now) return;
    let { offsetX: px, offsetY: py } = event;
    const points = this.now.fakes;
    let best = 10, nearest = -1;
    for (let i = 0; points && i < points.length; i += 2) {
      const distance = Math.hypot(this.x(points[i]) - px, this.y(points[i + 1]) - py);
      if (distance < best) [best, nearest] = [distance, i];
    }
    const found = nearest >= 0;
    this.marked = found ? [this.x(points[nearest]), this.y(points[nearest + 1])] : null;
    const x = found ? points[nearest] : mix(this.left, this.right, px / this.width);
    const y = found ? points[nearest + 1] : mix(this.top, this.bottom, py / this.height);
    const answer = found && this.now.answers ? this.now.answers[nearest / 2] : this.answerAt(this.now.map, px, py);
    let text = `${found ? `fake ${nearest / 2 + 1}: ` : ""}(${number(x)}, ${number(y)}) D says ${number(answer)}`;
    if (found && this.flat) text += `, from noise (${number(this.noise[nearest])}, ${number(this.noise[nearest + 1])})`;
    this.showTip(text, px, py);
    redraw();
  }

  showTip(text, px, py) {
    this.tip.textContent = text;
    this.tip.hidden = false;
    this.tip.style.left = clamp(px + 12, 0, Math.max(0, this.width - this.tip.offsetWidth)) + "px";
    this.tip.style.top = (py > this.height / 2 ? py - this.tip.offsetHeight - 10 : py + 16) + "px";
  }

  /** What is to be seen at a stage of slow motion, and the sentence with its numbers. */
  slowScene() {
    const moment = this.moments[Math.min(slow.moment, this.moments.length - 1)];
    const { stage, t } = slow;
    const newD = stage >= 5, scene = { map: newD ? moment.map_after : moment.map, allFakes: moment.fakes };
    scene.showMap = ![0, 1, 6].includes(stage);
    scene.real = stage <= 5;
    scene.batch = stage <= 3;
    scene.answers = stage < 5 ? moment.answers : moment.answers_between;
    if (stage) scene.fakes = moment.fakes;
    if (stage === 1 && this.flat && this.grid) scene.fakes = this.between(this.noise, moment.fakes, t);
    if (stage === 4) scene.map = moment.change.map((c) => 0.5 + c * moment.changeGain * t);
    if (stage === 9 && moment.pushes)
      Object.assign(scene, { pushes: moment.pushes, longest: usualLength(moment.pushes) });
    if (stage === 10) {
      scene.from = moment.fakes;
      scene.fakes = moment.fakes.map((v, i) => v + t * moment.moveGain * (moment.fakes_after[i] - v));
      scene.answers = moment.answers_after;
    }
    scene.text = this.slowText(moment, {
      0: "Large dots: 32 of the real points, as many as a batch.",
      4: `The change of D's answers, ${whole(Math.round(2 * moment.changeGain))} times enlarged: + rises, − falls.`,
      9: "Arrows: minus the gradient of G's loss at 64 fakes.",
      10: `The fakes move, here ${moment.moveGain} times as far.`,
    });
    return scene;
  }
}

// ---------------------------------------------------------------- pictures

const BAR = 0.06; // height of the bar below a picture, as a part of its width

class PicturesView extends View {
  constructor(raw) {
    super(raw);
    this.columns = raw.columns;
    this.rows = Math.ceil(raw.count / raw.columns);
    this.chosen = -1;
    this.addLayer("border", "D's answer: colour of the border, length of the bar (full: real)", true);
    if (raw.real) this.addLayer("real", "real examples beside them", false);
    this.select = element("select", {}, new Option("none", -1),
      ...Array.from({ length: raw.count }, (_, i) => new Option(`number ${i + 1}`, i)));
    this.select.addEventListener("change", () => this.choose(+this.select.value));
    this.layers.append(element("label", {}, "Follow a picture", this.select));
    this.big = element("canvas", { role: "img" });
    this.words = element("p");
    this.life = element("canvas", { role: "img", className: "life",
      ariaLabel: "The same picture at eight moments, first to last" });
    this.follow.append(this.big, this.words, this.life);
    this.canvas.addEventListener("pointermove", (event) => this.hover(event));
    this.canvas.addEventListener("pointerleave", () => { this.tip.hidden = true; });
    this.canvas.addEventListener("click", (event) => {
      const tile = this.tileAt(event.offsetX, event.offsetY);
      this.choose(tile === this.chosen ? -1 : tile);
    });
  }

  /** Decode all sprites before the first drawing. */
  async load() {
    const { raw } = this;
    [this.sprites, this.realSprite, this.moments] = await Promise.all([
      Promise.all(raw.sprites.map(picture)), raw.real ? picture(raw.real) : null,
      Promise.all(raw.moments.map(async (moment) => {
        const read = { step: moment.step, gain: moment.gain };
        for (const name in moment) {
          if (typeof moment[name] === "string") read[name] = await picture(moment[name]);
          else if (moment[name].data) read[name] = unpack(moment[name]);
        }
        return read;
      })),
    ]);
    this.ratio = (this.sprites[0].width / this.columns) / (this.sprites[0].height / this.rows);
    this.shape();
  }

  shape() {
    const sheets = this.on.real ? 2.06 : 1;
    this.canvas.style.aspectRatio = this.columns * sheets / this.rows / (1 / this.ratio + BAR);
    this.big.style.aspectRatio = this.ratio;
    this.life.style.aspectRatio = 8 * this.ratio;
  }
  layerChanged() { this.shape(); }

  choose(tile) {
    this.chosen = tile;
    this.select.value = tile;
    this.follow.hidden = tile < 0;
    redraw();
  }

  tile(sprite, k) {
    const w = sprite.width / this.columns, h = sprite.height / this.rows;
    return [sprite, (k % this.columns) * w, Math.floor(k / this.columns) * h, w, h];
  }

  place(k) {
    const sheet = this.on.real ? this.width / 2.06 : this.width;
    const w = sheet / this.columns, h = this.height / this.rows;
    return [(k % this.columns) * w, Math.floor(k / this.columns) * h, w, h];
  }

  tileAt(px, py) {
    for (let k = 0; k < this.raw.count; k++) {
      const [x, y, w, h] = this.place(k);
      if (px >= x && px < x + w && py >= y && py < y + h) return k;
    }
    return -1;
  }

  scene(frame) {
    return { sprite: this.sprites[frame], answers: this.answersAt(frame) };
  }

  draw(step) {
    Object.assign(this, fit(this.canvas));
    const frame = this.frameAt(step), { context } = this;
    this.now = slow.on && this.moments.length ? this.slowScene() : this.scene(frame);
    context.fillStyle = ink.panel;
    context.fillRect(0, 0, this.width, this.height);
    context.imageSmoothingEnabled = false;
    for (let k = 0; k < this.raw.count; k++) {
      const [x, y, w, h] = this.place(k);
      this.drawTile(this.now.sprite, k, x, y, w, h, this.now.answers);
      if (k === this.chosen) {
        context.lineWidth = 2; context.strokeStyle = ink.ink;
        context.strokeRect(x + 1, y + 1, w - 2, h - 2);
      }
    }
    if (this.on.real) for (let k = 0; k < this.raw.count; k++) {
      const [x, y, w, h] = this.place(k);
      this.drawTile(this.realSprite, k, x + this.width * 1.06 / 2.06, y, w, h, null);
    }
    this.reading.textContent = this.now.text ||
      `D's mean answer on these pictures: ${number(mean(this.now.answers))}`;
    this.canvas.setAttribute("aria-label", `${this.raw.count} fake pictures. ${slow.on ? this.now.text : this.sentence(step)}`);
    if (this.chosen >= 0) this.drawFollowed(frame);
  }

  /** One picture; around it D's answer as a colour, below it as a bar. */
  drawTile(sprite, k, x, y, w, h, answers) {
    const { context } = this, edge = Math.max(2, w * 0.035), bar = BAR * w;
    const gap = 2 + edge;
    context.drawImage(...this.tile(sprite, k), x + gap, y + gap, w - 2 * gap, h - 2 * gap - bar);
    if (!this.on.border || !answers) return;
    context.strokeStyle = context.fillStyle = answerColour(answers[k]);
    context.lineWidth = edge;
    context.strokeRect(x + 2 + edge / 2, y + 2 + edge / 2, w - 4 - edge, h - 4 - edge - bar);
    context.fillRect(x + 2, y + h - 1 - bar, (w - 4) * clamp(answers[k] || 0, 0, 1), bar - 1);
    context.strokeStyle = ink.soft;
    context.lineWidth = 0.7;
    context.strokeRect(x + 2, y + h - 1 - bar, w - 4, bar - 1);
  }

  drawFollowed(frame) {
    const big = fit(this.big), life = fit(this.life), k = this.chosen;
    big.context.imageSmoothingEnabled = life.context.imageSmoothingEnabled = false;
    big.context.drawImage(...this.tile(this.now.sprite, k), 0, 0, big.width, big.height);
    const w = life.width / 8;
    for (let i = 0; i < 8; i++) {
      const at = Math.round(i * (this.frames - 1) / 7);
      life.context.drawImage(...this.tile(this.sprites[at], k), i * w + 1, 1, w - 2, life.height - 2);
      const next = i < 7 ? Math.round((i + 1) * (this.frames - 1) / 7) : Infinity;
      if (frame < at || frame >= next) continue;
      life.context.strokeStyle = ink.ink; life.context.lineWidth = 3;
      life.context.strokeRect(i * w + 2, 2, w - 4, life.height - 4);
    }
    const answer = this.now.answers[k];
    this.words.textContent = `Picture ${k + 1}. D says ${number(answer)} to it at this moment; ` +
      `at the end ${number(this.answersAt(this.frames - 1)[k])}. Below: its whole life, first frame to last.`;
    this.big.setAttribute("aria-label", `Picture ${k + 1} enlarged`);
  }

  hover(event) {
    const k = this.tileAt(event.offsetX, event.offsetY);
    this.tip.hidden = k < 0 || !this.now;
    if (!this.tip.hidden)
      PointsView.prototype.showTip.call(this, `picture ${k + 1}: D says ${number(this.now.answers[k])} (click to follow)`, event.offsetX, event.offsetY);
  }

  slowScene() {
    const moment = this.moments[Math.min(slow.moment, this.moments.length - 1)], { stage } = slow;
    const scene = { sprite: moment.sprite, answers: stage < 5 ? moment.answers : moment.answers_between };
    if (stage === 0 && this.realSprite) scene.sprite = this.realSprite;
    if (stage === 10) Object.assign(scene, { sprite: moment.change, answers: moment.answers_after });
    if (stage < 2 || stage === 6) scene.answers = new Float32Array(this.raw.count).fill(NaN);
    const rises = moment.answers.filter((answer, i) => moment.answers_between[i] > answer).length;
    scene.text = this.slowText(moment, {
      0: this.realSprite ? "Some of the real pictures." : "Real pictures were not recorded.",
      4: `D's answer is about to rise for ${rises} and to fall for ${this.raw.count - rises} of these fakes.`,
      9: "Every pixel gets a gradient: lighter or darker, so that D's answer rises.",
      10: `The change of every pixel, ${whole(Math.round(moment.gain))} times enlarged: lighter, darker, gray for none.`,
    });
    return scene;
  }
}

