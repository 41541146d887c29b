// What pages do beyond links and forms, which work without this: times in the viewer's zone, live parts, dialogs, cooldowns.

const POLL_MS = 1000; // with an answer's way there and back less than the two seconds we promise
const SLOWEST_MS = 30000;
let isGoing = false; // "g" was pressed: the next letter names a page

rememberZone();
document.querySelector(".nav [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
live();
document.querySelector(".log")?.scrollTo(0, 1e9);
document.addEventListener("click", showEarlier);
document.addEventListener("click", openDialog);
for (const notice of document.querySelectorAll("[data-cooldown]")) coolDown(notice);
document.addEventListener("keydown", shortcut);
for (const part of document.querySelectorAll("[data-load]")) load(part);
for (const button of document.querySelectorAll("[data-keys]")) {
  button.hidden = false;
  button.addEventListener("click", showKeys);
}

/** The server says times in this zone from the next page on. */
function rememberZone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && !document.cookie.split("; ").includes(`zone=${zone}`)) {
    document.cookie = `zone=${zone}; Max-Age=31536000; Path=/; Secure; SameSite=Lax`;
  }
}

/** Elements with data-live are fetched again and replaced, by their id: every second, not in a hidden tab. */
function live() {
  if (!document.querySelector("[data-live]")) return;
  let wait = POLL_MS;
  let timer = 0;
  const again = (took) => { clearTimeout(timer); timer = setTimeout(refresh, Math.max(wait - took, wait / 2)); };
  const refresh = async () => {
    if (document.hidden) return;
    const parts = [...document.querySelectorAll("[data-live]")];
    if (!parts.length) return;
    const began = performance.now();
    try {
      const answer = await fetch(newest() ?? location.href, { headers: { "X-Fragment": "live" }, redirect: "manual" });
      if (answer.type === "opaqueredirect") return location.reload(); // the session has ended
      if (!answer.ok) throw new Error(String(answer.status));
      if (parts.some((part) => "retry" in part.dataset)) return location.reload(); // what was away is back
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      replace(parts, fresh);
      append(fresh);
      wait = POLL_MS;
    } catch {
      wait = Math.min(wait * 2, SLOWEST_MS);
    }
    again(performance.now() - began);
  };
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
  again(0);
}

function replace(parts, fresh) {
  for (const part of parts) {
    const next = fresh.getElementById(part.id);
    for (const open of part.querySelectorAll("details[id][open]")) fresh.getElementById(open.id)?.setAttribute("open", "");
    if (!next || next.isEqualNode(part) || part.contains(document.activeElement)) continue;
    keepChosen(part, next);
    const isAtEnd = part.scrollHeight - part.scrollTop - part.clientHeight < 40;
    part.replaceWith(next);
    if (next.matches(".log") && isAtEnd) next.scrollTop = next.scrollHeight;
  }
}

/** A link with data-dialog shows the form of the page it leads to in a dialog. */
async function openDialog(event) {
  const link = event.target.closest("a[data-dialog]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  try {
    const answer = await fetch(link.href, { headers: { "X-Fragment": "dialog" }, redirect: "manual" });
    const form = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main form");
    if (!answer.ok || !form) throw new Error(String(answer.status));
    show(form, link);
  } catch {
    location.href = link.href; // the page itself says what is wrong
  }
}

function show(form, opener) {
  const dialog = document.createElement("dialog");
  dialog.append(form);
  dialog.setAttribute("aria-labelledby", form.querySelector("h1, h2")?.id ?? "");
  form.querySelector("[data-cancel]")?.addEventListener("click", (event) => { event.preventDefault(); dialog.close(); });
  dialog.addEventListener("close", () => { dialog.remove(); still(opener)?.focus(); });
  document.body.append(dialog);
  dialog.showModal();
}

/** What may have been replaced meanwhile by its newer self. */
function still(link) {
  const same = (each) => each.getAttribute("href") === link.getAttribute("href");
  return link.isConnected ? link : [...document.querySelectorAll("a[data-dialog]")].find(same);
}

/** Parts that take a while, or may not come at all, are fetched once the page is there: data-load says from where. */
async function load(part) {
  try {
    const answer = await fetch(part.dataset.load, { headers: { "X-Fragment": "load" }, redirect: "manual" });
    if (!answer.ok) throw new Error(String(answer.status));
    replace([part], new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    part.removeAttribute("aria-busy"); // the link in it leads to the page of its own
  }
}

/** After too many changes their buttons wait, and say how long. */
function coolDown(notice) {
  const buttons = [...document.querySelectorAll("form[method=post] button:not(.quiet), a[data-dialog]")];
  const until = Date.now() + Number(notice.dataset.cooldown) * 1000;
  const left = notice.querySelector("[data-left]");
  const tick = () => {
    const seconds = Math.ceil((until - Date.now()) / 1000);
    for (const button of buttons) button.toggleAttribute("disabled", seconds > 0);
    if (left) left.textContent = String(Math.max(seconds, 0));
    if (seconds > 0) setTimeout(tick, 250); else notice.remove();
  };
  tick();
}

/** "/" goes to the search field, "g" and a letter to a page, "?" says so. */
function shortcut(event) {
  if (event.target.closest("input, textarea, select, dialog") || event.ctrlKey || event.metaKey || event.altKey) return;
  const link = isGoing && [...document.querySelectorAll("[data-key]")].find((each) => each.dataset.key === event.key);
  const field = event.key === "/" && document.querySelector("input[type=search]");
  isGoing = event.key === "g";
  if (link) link.click();
  if (field) { event.preventDefault(); field.focus(); }
  if (event.key === "?") showKeys();
}

function showKeys() {
  const list = document.getElementById("keys");
  if (!list) return;
  const form = list.content.cloneNode(true).querySelector("form");
  for (const link of document.querySelectorAll("[data-key]")) {
    const key = Object.assign(document.createElement("kbd"), { textContent: link.dataset.key });
    const [term, page] = [document.createElement("dt"), document.createElement("dd")];
    term.append("g ", key);
    page.append(link.textContent);
    form.querySelector("[data-pages]").append(term, page);
  }
  show(form, document.querySelector("[data-keys]"));
}

// Jobs: a box that chooses all of a page, and boxes that stay chosen when their table is drawn again.
for (const all of document.querySelectorAll("[data-all]")) {
  const boxes = () => [...document.querySelectorAll(`input[name=${all.dataset.all}]`)];
  const box = all.querySelector("input");
  const show = () => { box.checked = boxes().every((each) => each.checked); box.indeterminate = !box.checked && boxes().some((each) => each.checked); };
  all.hidden = false;
  box.addEventListener("change", () => { for (const each of boxes()) each.checked = box.checked; });
  document.addEventListener("change", (event) => { if (event.target.name === all.dataset.all) show(); });
}

function keepChosen(part, next) {
  const chosen = new Set([...part.querySelectorAll("input:checked")].map((each) => each.value));
  for (const each of next.querySelectorAll("input[type=checkbox]")) each.checked = chosen.has(each.value);
}

/** Where a page with a log hears of its news: after the last line it shows. */
function newest() {
  return document.querySelector(".log ol")?.dataset.next;
}

/** New lines go below, and are followed where the end was in sight; another attempt begins a log of its own. */
function append(fresh) {
  const log = document.querySelector(".log"), shown = log?.querySelector("ol"), more = fresh.querySelector(".log ol");
  if (!shown?.dataset.next || !more) return;
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  if (more.dataset.attempt !== shown.dataset.attempt) log.replaceChildren(...more.parentElement.childNodes);
  else {
    shown.append(...more.children);
    if (more.dataset.next) shown.dataset.next = more.dataset.next; else delete shown.dataset.next;
  }
  if (isAtEnd) log.scrollTop = log.scrollHeight;
}

/** Earlier lines go above, and what one reads stays where it is. */
async function showEarlier(event) {
  const link = event.target.closest("a[data-earlier]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  try {
    const answer = await fetch(link.href, { headers: { "X-Fragment": "log" }, redirect: "manual" });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".log");
    if (!answer.ok || !fresh) throw new Error(String(answer.status));
    const log = link.closest(".log"), fromEnd = log.scrollHeight - log.scrollTop, next = fresh.querySelector("[data-earlier]");
    log.querySelector("ol").prepend(...fresh.querySelector("ol").children);
    if (next) { link.replaceWith(next); next.focus({ preventScroll: true }); } else { link.remove(); log.focus({ preventScroll: true }); }
    log.scrollTop = log.scrollHeight - fromEnd;
  } catch {
    location.href = link.href;
  }
}
