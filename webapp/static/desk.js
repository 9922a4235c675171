// Conveniences of the desk. Everything works without this file: each key presses a button that the page shows.
const rows = () => [...document.querySelectorAll("[data-list] > li")];
const typing = (el) => el.closest("input, textarea, select, [contenteditable]") && !["checkbox", "radio"].includes(el.type);

function go(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.findIndex((row) => row.classList.contains("at"));
  const next = Math.min(Math.max(at + step, 0), all.length - 1);
  all.forEach((row, i) => row.classList.toggle("at", i === next));
  all[next].querySelector("a.claim, h2 a")?.focus();
}

function press(key) {
  const row = document.querySelector("[data-list] > li.at") ?? rows().find((r) => r.contains(document.activeElement));
  const target = (row ?? document).querySelector(`[data-key="${key}"]`) ?? document.querySelector(`[data-key="${key}"]`);
  if (!target || target.offsetParent === null) return false;
  if (target.matches("input")) target.focus();
  else target.click();
  if (target.matches("summary") && target.parentElement.open) target.parentElement.querySelector("input:not([type=hidden])")?.focus();
  return true;
}

if (document.body.classList.contains("keys")) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target)) return;
    const key = event.key;
    if (key === "j" || key === "k") go(key === "j" ? 1 : -1);
    else if (key === "?") location.assign(document.querySelector("a[href*='/desk/account']").href.split("#")[0] + "#shortcuts");
    else if (!"ynsteu/".includes(key) || !press(key)) return;
    event.preventDefault();
  });
}

// Characters as people count them, said only when the field is near its measure.
const segmenter = globalThis.Intl?.Segmenter ? new Intl.Segmenter(undefined, { granularity: "grapheme" }) : null;
const length = (text) => (segmenter ? [...segmenter.segment(text)].length : [...text].length);
for (const area of document.querySelectorAll("textarea[data-limit]")) {
  const limit = Number(area.dataset.limit);
  const count = Object.assign(document.createElement("p"), { className: "count num" });
  count.setAttribute("aria-hidden", "true");
  area.after(count);
  const show = () => {
    const used = length(area.value.trim());
    count.textContent = `${used} / ${limit}`;
    count.classList.toggle("over", used > limit);
  };
  area.addEventListener("input", show);
  show();
}

// A text that was changed and not sent is not left by accident.
const draft = document.querySelector("form.draft");
if (draft) {
  let changed = false;
  draft.addEventListener("input", () => (changed = true));
  draft.addEventListener("submit", () => (changed = false));
  addEventListener("beforeunload", (event) => changed && event.preventDefault());
}

document.querySelector(".problem[autofocus]")?.focus();
