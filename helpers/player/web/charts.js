import { go, lastStep, look, nearestTime, pause } from "./clock.js";
import { clamp, element, fit, ink, stroke, svg, thousands, written } from "./views.js";

// ---------------------------------------------------------------- curves
const DASHED = [6, 3];
const GUTTER = 44; // at the right, for the names of the guides
const LINE = 12; // from one such name to the next, at least
// A curve is named as in the history; guides are lines where two evenly matched players end.
export const CHARTS = [
  {
    title: "Losses",
    guides: ["loss_d", "loss_g"],
    curves: [
      { name: "loss_d", label: "D", colour: "d", dash: [] },
      { name: "loss_g", label: "G", colour: "g", dash: DASHED },
    ],
  },
  {
    title: "D's mean answer",
    guides: ["answer"],
    top: 1,
    curves: [
      { name: "answer_real", label: "on real", colour: "real", dash: [] },
      { name: "answer_fake", label: "on fake", colour: "fake", dash: DASHED },
    ],
  },
  {
    title: "Coverage",
    guides: [],
    top: 1,
    curves: [{ name: "coverage", label: "share of 20 bins", colour: "ink", dash: [] }],
  },
];

export class Chart {
  constructor(view, { title, curves, guides, top }) {
    Object.assign(this, { view, title, curves, guides });
    const ariaLabel = `${title} over the steps of training`;
    this.canvas = element("canvas", { role: "img", ariaLabel });
    this.values = curves.map(() => element("span"));
    const keys = curves.map(({ label, colour, dash }, i) => {
      const ways = `stroke-width="3" stroke-dasharray="${dash.join(" ")}"`;
      const sign = svg(`<path d="M0 8h24" stroke="var(--${colour})" ${ways}/>`);
      return element("span", { className: "key" }, sign, ` ${label} `, this.values[i]);
    });
    view.charts.append(element("h3", {}, title, ...keys), this.canvas);
    const at = (event) =>
      nearestTime(this.stepAt(clamp(event.offsetX, 0, this.canvas.clientWidth)));
    this.canvas.addEventListener("pointermove", (event) => (event.buttons ? go : look)(at(event)));
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId); // dragging goes on outside of the canvas
      pause();
      go(at(event));
    });
    this.canvas.addEventListener("pointerleave", () => look(null));
    const all = curves.flatMap(({ name }) => [...view.curves[name].y]).filter(Number.isFinite);
    all.sort((a, b) => a - b);
    this.top = top || Math.max(1.6, 1.15 * (all[Math.floor(0.99 * all.length)] || 0));
  }

  x(step) {
    return Math.sqrt(step / lastStep) * (this.width - GUTTER - 2) + 1;
  }
  y(value) {
    return 3 + (1 - Math.min(value / this.top, 1.02)) * (this.height - 19);
  }
  stepAt(px) {
    const share = Math.max(0, px - 1) / (this.canvas.clientWidth - GUTTER - 2);
    return Math.min(share, 1) ** 2 * lastStep;
  }

  /** Curves, guides and labels; they stay the same, so they are drawn once for each size. */
  drawStill() {
    const { height, width } = this;
    const { width: wide, height: tall } = this.canvas;
    this.still = element("canvas", { width: wide, height: tall });
    const context = this.still.getContext("2d");
    context.scale(wide / width, tall / height);
    context.fillStyle = ink.panel;
    context.fillRect(0, 0, width - GUTTER, height - 14);
    Object.assign(context, { font: "10.5px system-ui, sans-serif", fillStyle: ink.soft });
    this.drawSteps(context);
    for (const curve of this.curves) this.drawCurve(context, curve);
    this.drawGuides(context);
  }

  /** Where two evenly matched players end; the names stand beside the curves, none on another. */
  drawGuides(context) {
    const { height, width } = this;
    context.setLineDash([2, 3]);
    context.fillStyle = ink.soft;
    const guides = this.guides.map((name) => this.view.levels[name]);
    let free = height - 14;
    for (const { value, label } of guides.sort((a, b) => a.value - b.value)) {
      stroke(context, ink.soft, 1, () => {
        context.moveTo(0, this.y(value));
        context.lineTo(width - GUTTER, this.y(value));
      });
      const base = Math.min(this.y(value) + 4, free);
      context.fillText(label, width - GUTTER + 4, base);
      free = base - LINE;
    }
  }

  /** Numbers below the chart, 1, 2 and 5 times the powers of ten, as many as have room. */
  drawSteps(context) {
    let free = -Infinity;
    for (let unit = 1; unit <= lastStep; unit *= 10)
      for (const step of [unit, 2 * unit, 5 * unit]) {
        const text = thousands(step);
        const wide = context.measureText(text).width;
        const x = clamp(this.x(step) - wide / 2, 0, this.x(lastStep) - wide);
        if (step <= lastStep && x > free) {
          context.fillText(text, x, this.height - 3);
          free = x + wide + 12;
        }
      }
  }

  drawCurve(context, { name, colour, dash }) {
    const { x, y, low, high } = this.view.curves[name];
    context.fillStyle = ink[colour];
    context.globalAlpha = 0.22; // from the lowest to the highest value of each stretch
    if (low)
      x.forEach((step, i) => {
        const wide = Math.max(1, this.x(x[i + 1] ?? step) - this.x(step));
        const tall = Math.max(1, this.y(low[i]) - this.y(high[i]));
        context.fillRect(this.x(step), this.y(high[i]), wide, tall);
      });
    context.globalAlpha = 1;
    context.setLineDash(dash);
    let pen = "moveTo"; // lifted where a value is not a number
    stroke(context, ink[colour], 2, () =>
      x.forEach((step, i) => {
        if (Number.isFinite(y[i])) context[pen](this.x(step), this.y(y[i]));
        pen = Number.isFinite(y[i]) ? "lineTo" : "moveTo";
      }),
    );
  }

  draw(step) {
    const key = [this.canvas.clientWidth, this.canvas.clientHeight, ink.paper].join();
    Object.assign(this, fit(this.canvas));
    if (key !== this.key) {
      this.key = key;
      this.drawStill();
    }
    const { context, width, height } = this;
    context.clearRect(0, 0, width, height);
    context.drawImage(this.still, 0, 0, width, height);
    stroke(context, ink.ink, 1.5, () => {
      context.moveTo(this.x(step), 0);
      context.lineTo(this.x(step), height - 14);
    });
    this.curves.forEach(({ name, colour }, i) => {
      const { x, y } = this.view.curves[name];
      const value =
        y[
          Math.max(
            0,
            x.findLastIndex((at) => at <= step),
          )
        ];
      this.values[i].textContent = step || name === "coverage" ? written(value) : "";
      context.fillStyle = ink[colour];
      const end = Math.min(step, x.at(-1)); // where a shorter run has ended
      if (Number.isFinite(value)) context.fillRect(this.x(end) - 4, this.y(value) - 4, 8, 8);
    });
  }
}
