// What all pages share: players get their height and their theme, folded parts open when they are
// needed, and what scrolls can be reached with the keyboard.
const RUSSIAN = {
  Light: "Светлая",
  Dark: "Тёмная",
  Pages: "Страницы",
  "On this page": "На этой странице",
  "Show site navigation sidebar": "Показать страницы сайта",
  "Show table of contents sidebar": "Показать содержание страницы",
};
const t = (word) => (document.documentElement.lang === "ru" && RUSSIAN[word]) || word;
const players = () => document.querySelectorAll("iframe.gan-player");
const system = matchMedia("(prefers-color-scheme: dark)");

function isDark() {
  const theme = document.body.dataset.theme;
  return theme === "dark" || (theme !== "light" && system.matches);
}
function tellPlayers() {
  const message = { ganPlayerTheme: isDark() ? "dark" : "light" };
  for (const frame of players()) frame.contentWindow?.postMessage(message, "*");
  for (const button of document.querySelectorAll("button.look"))
    button.textContent = t(isDark() ? "Light" : "Dark");
}
new MutationObserver(tellPlayers).observe(document.body, { attributeFilter: ["data-theme"] });
system.addEventListener("change", tellPlayers);
for (const button of document.querySelectorAll("button.look"))
  button.addEventListener("click", () => {
    const theme = isDark() ? "light" : "dark";
    document.body.dataset.theme = theme;
    localStorage.setItem("theme", theme);
  });
tellPlayers();

addEventListener("message", (event) => {
  for (const frame of players())
    if (frame.contentWindow === event.source && event.data?.ganPlayerHeight > 0) {
      frame.style.height = `${Math.min(2400, event.data.ganPlayerHeight)}px`;
      tellPlayers(); // it speaks when it is ready
    }
});

// A link into a folded part opens it, and paper shows all of it.
function open() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const inside = target?.closest("section") ?? target;
  inside?.querySelector(":scope > details")?.setAttribute("open", "");
  for (let at = target; at; at = at.parentElement?.closest("details")) at.open = true;
  target?.scrollIntoView();
}
addEventListener("hashchange", open);
if (location.hash) open();
addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll(".aside > details")) part.open = true;
});

// The other language opens at the section that is in view; its anchor is the English one.
for (const link of document.querySelectorAll("a.twin"))
  link.addEventListener("click", () => {
    const sections = [...document.querySelectorAll("article section")];
    const seen = sections.filter((one) => one.getBoundingClientRect().top < innerHeight / 3).at(-1);
    const names = [...(seen?.querySelectorAll(":scope > span[id]") ?? [])];
    if (scrollY > 0 && names.length) link.hash = names.at(-1).id;
  });

// A part that scrolls sideways takes the arrow keys.
function reach() {
  const wide = ".highlight pre, .output pre, .table-wrapper, .output.text_html, .formula";
  for (const part of document.querySelectorAll(wide)) {
    if (part.scrollWidth > part.clientWidth) part.tabIndex = 0;
    else part.removeAttribute("tabindex");
  }
}
addEventListener("resize", reach);
addEventListener("toggle", reach, true);
reach();

// The search marks its words in the page, and stumbles over words in drawings: icons have names.
for (const title of document.querySelectorAll("svg title")) title.remove();

// The theme opens its drawers with labels, which no key reaches: make them buttons.
for (const label of document.querySelectorAll("label[for^=__]:not(.overlay, .no-toc)")) {
  const box = document.getElementById(label.htmlFor);
  const button = document.createElement("button");
  button.className = `drawer ${label.className}`;
  button.append(...label.childNodes);
  button.setAttribute("aria-label", t(box.getAttribute("aria-label").replace("Toggle", "Show")));
  button.addEventListener("click", () => box.click());
  const say = () => button.setAttribute("aria-expanded", box.checked);
  box.addEventListener("change", say);
  say();
  label.replaceWith(button);
}
addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const box of document.querySelectorAll(".sidebar-toggle:checked")) box.click();
});
document.querySelector(".sidebar-drawer")?.setAttribute("aria-label", t("Pages"));
document.querySelector(".toc-drawer")?.setAttribute("aria-label", t("On this page"));
