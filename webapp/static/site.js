// Small comforts on public pages; every task works without them.
// 1. A paste is checked at once: the answer fills the status region, focus stays where it is.
// 2. The counter of the box, and copy buttons.

const WAIT_MS = 300;

function liveCheck(form) {
  const box = form.querySelector("textarea[name=text]");
  const region = document.getElementById("answer");
  const count = form.querySelector("[data-count]");
  const limit = box.maxLength;
  let timer, running;

  const showCount = () => {
    count.hidden = box.value.length < limit * 0.8;
    count.textContent = `${box.value.length} / ${limit}`;
  };

  const check = async () => {
    running?.abort();
    if (!box.value.trim()) return;
    running = new AbortController();
    const waiting = document.createElement("p");
    waiting.className = "muted";
    waiting.textContent = form.dataset.waiting;
    region.replaceChildren(waiting);
    try {
      const response = await fetch(form.action, {
        method: "POST", body: new URLSearchParams({ text: box.value }), headers: { "X-Fragment": "1" }, signal: running.signal,
      });
      if (!response.ok && response.status !== 400) throw new Error(String(response.status));
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      region.replaceChildren(...page.body.childNodes);
    } catch (error) {
      if (error.name !== "AbortError") waiting.textContent = form.dataset.failed;
    }
  };

  box.addEventListener("input", showCount);
  box.addEventListener("paste", () => {
    clearTimeout(timer);
    timer = setTimeout(check, WAIT_MS);
  });
}

function copyButton(holder) {
  const button = holder.querySelector("button");
  const text = holder.previousElementSibling;
  const label = button.textContent;
  holder.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text.value);
    } catch {
      text.select();
      document.execCommand("copy");
    }
    button.textContent = button.dataset.done;
    setTimeout(() => { button.textContent = label; }, 2000);
  });
}

document.querySelectorAll("form[data-check]").forEach(liveCheck);
document.querySelectorAll("[data-copy]").forEach(copyButton);
