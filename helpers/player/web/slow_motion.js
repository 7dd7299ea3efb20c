import { drawNow, pause, redraw, say, tween, views } from "./clock.js";
import { $, clamp, DATA, element, thousands } from "./views.js";

export const STAGES = DATA.stages;
export const slow = { on: false, moment: 0, stage: STAGES[0], t: 1 };
const MOVING = ["fakes", "d_gradients", "g_update"]; // stages in which something moves by itself

export const iteration = (moment) => `iteration ${thousands(moment.step + 1)}`;
export const stageIndex = () => STAGES.indexOf(slow.stage);
export const slowView = () => views.find((view) => view.moments.length) || views[0];

export function buildSlow() {
  if (views.length === 1) {
    // in the place of the curves and of the layers
    views[0].side.append($("slow"));
    views[0].reading.after($("code"));
  }
  $("flow").append(...DATA.parts.map((textContent) => element("span", { textContent })));
  DATA.steps.forEach((text, i) => {
    const own = STAGES.filter((stage) => stage.step === i + 1);
    const main = element("li", {}, text);
    for (const stage of own)
      Object.assign(stage, { main, item: stage.label && element("li", {}, stage.label) });
    if (own[0].label) main.append(element("ol", {}, ...own.map((stage) => stage.item)));
    $("stages").append(main);
  });
  const source = DATA.source || "show(recording, train_step=train_step)\nputs your own lines here.";
  for (const line of source.split("\n"))
    $("code").append(element("div", { textContent: line || " " }));
  const { moments } = slowView();
  const words = moments.length === 3 ? ["the first: ", "a middle: ", "the last: "] : ["", ""];
  moments.forEach((moment, i) => {
    $("moment").append(new Option(`${words[i]}${iteration(moment)}`, i));
  });
  $("slowly").disabled = !moments.length;
}

export function setSlow(on) {
  pause();
  slow.on = on && !$("slowly").disabled;
  document.body.classList.toggle("slowly", slow.on);
  $("slow").hidden = !slow.on;
  $("slowly").setAttribute("aria-pressed", slow.on);
  if (slow.on) setStage(0);
  else redraw();
  say();
}

export function setStage(index) {
  const now = STAGES[clamp(index, 0, STAGES.length - 1)];
  slow.stage = now;
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
  $("before").disabled = now === STAGES[0];
  $("after").disabled = now === STAGES.at(-1);
  tween(MOVING.includes(now.name) ? 1000 : 0, (t) => {
    slow.t = t;
    redraw();
  });
  drawNow();
  say();
}
