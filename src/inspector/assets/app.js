// The inspector's script: keeps the list up to date, opens calls, copies. All views are made by nicetap, as trees of
// elements; nothing here turns a string into markup, and the page's policy would not let it.
"use strict";

const page = {
  token: "",
  cursor: "",
  open: null,
  later: 0,
  events: null,
  /** How often the user has paused or gone on: a view that was asked for before then knows the old state. */
  turns: 0,
};
const SVG = "http://www.w3.org/2000/svg";
const TAGS = new Set(
  ("a article button caption code col colgroup dd details div dl dt el form h2 h3 h4 header input kbd label li mark nav noscript ol p " +
    "pre q rect section span summary svg table tbody td tfoot th thead time tr ul").split(" "),
);
const ATTRIBUTES = new Set(
  ("aria-current aria-hidden aria-label autocapitalize autocomplete class colspan data-close data-copy " +
    "data-copy-text data-cursor data-fetch data-id data-mark data-marked data-paused datetime download height hidden " +
    "href id method action min name placeholder preserveAspectRatio rel role scope spellcheck start tabindex title type value " +
    "viewBox width x y").split(" "),
);
const $ = (id) => document.getElementById(id);

/** Elements from a tree: `["tag", {attributes}, child, …]`, or text. Only what is listed above is made. */
function build(tree) {
  if (typeof tree === "string") return document.createTextNode(tree);
  const [tag, attributes, ...children] = tree;
  if (!TAGS.has(tag)) throw new Error("no such element here");
  const isPicture = tag === "svg" || tag === "rect";
  const node = isPicture ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (!ATTRIBUTES.has(name)) throw new Error("no such attribute here");
    if ((name === "href" || name === "action") && !/^[/#](?!\/)/.test(value)) continue;
    node.setAttribute(name, value);
  }
  for (const child of children) node.append(build(child));
  return node;
}

/** Asks nicetap, with the token. */
async function ask(path, options = {}) {
  const headers = { ...options.headers };
  if (page.token) headers["Nicetap-Token"] = page.token;
  const answer = await fetch(path, { ...options, headers, cache: "no-store", redirect: "error" });
  if (answer.status === 401) {
    say("The token is wanted: open the URL that nicetap printed.");
  }
  return answer;
}

async function askJson(path) {
  const answer = await ask(path);
  return answer.ok || answer.status === 404 ? answer.json() : null;
}

let silence = 0;
function say(text) {
  $("toast").textContent = text;
  clearTimeout(silence);
  silence = setTimeout(() => ($("toast").textContent = ""), 4000);
}

function only() {
  return new URLSearchParams(location.search).get("only") ?? "";
}

function query(more = {}) {
  const given = new URLSearchParams();
  if (only()) given.set("only", only());
  for (const [name, value] of Object.entries(more)) given.set(name, value);
  const text = given.toString();
  return text ? "?" + text : "";
}

// ---- the list

async function showList() {
  const turns = page.turns;
  const before = new URLSearchParams(location.search).get("before");
  const view = await askJson("/view/list" + query(before ? { before } : {}));
  if (!view?.tree) return;
  const typed = document.activeElement?.id === "filter" ? $("filter").value : null;
  const helpIsOpen = document.querySelector(".filter-help")?.open;
  const list = build(view.tree);
  ($("list") ?? $("locked")).replaceWith(list);
  if (typed !== null) {
    $("filter").value = typed;
    $("filter").focus();
  }
  if (helpIsOpen) document.querySelector(".filter-help").open = true;
  takeList(turns);
}

function takeList(turns) {
  const list = $("list");
  if (!list) return;
  page.cursor = list.dataset.cursor ?? "";
  page.later = 0;
  showPaused(list.dataset.paused === "true", turns);
  showSelected();
}

/** Takes the rows that have changed into the list. */
async function refresh() {
  if (!page.cursor || new URLSearchParams(location.search).has("before")) return;
  const turns = page.turns;
  const news = await askJson("/view/rows" + query({ since: page.cursor }));
  if (!news) return;
  showPaused(news.paused, turns);
  const hasTable = $("rows") && !document.querySelector(".calls").hidden;
  if (news.reset || (!hasTable && news.rows.length > 0)) return showList();
  page.cursor = news.cursor;
  for (const row of news.rows) put(row);
  while ($("rows") && $("rows").children.length > 100) $("rows").lastElementChild.remove();
  // What is open may have come to its end meanwhile.
  if (news.rows.some((row) => String(row.id) === page.open)) showDetail(page.open, false);
}

function put(row) {
  const rows = $("rows");
  const old = document.getElementById("c" + row.id);
  if (!row.tree) {
    old?.remove();
    return;
  }
  const fresh = build(row.tree);
  if (old) {
    const hadFocus = old.contains(document.activeElement);
    old.replaceWith(fresh);
    if (hadFocus) fresh.querySelector(".call-link").focus();
  } else {
    fresh.classList.add("fresh");
    const above = [...rows.children].find((other) => Number(other.dataset.id) < row.id);
    rows.insertBefore(fresh, above ?? null);
    document.querySelector(".nothing")?.closest("#list") && document.querySelector("#list .nothing")?.remove();
  }
  if (String(row.id) === page.open) showSelected();
}

function showSelected() {
  for (const link of document.querySelectorAll(".call-link[aria-current]")) link.removeAttribute("aria-current");
  document.querySelector(`#c${CSS.escape(page.open ?? "")} .call-link`)?.setAttribute("aria-current", "true");
}

// ---- the open call

async function showDetail(id, takesFocus = true) {
  const view = await askJson("/view/exchanges/" + encodeURIComponent(id));
  if (!view?.tree) return;
  page.open = id;
  $("main").dataset.open = id;
  const scrolled = takesFocus ? 0 : $("detail").scrollTop;
  $("detail").replaceChildren(build(view.tree));
  $("detail").scrollTop = scrolled;
  document.title = view.title + " · nicetap";
  showSelected();
  if (takesFocus) {
    $("detail").querySelector("h2")?.focus({ preventScroll: true });
    if (getComputedStyle($("list")).display === "none") scrollTo(0, 0);
  }
}

function open(id) {
  history.pushState(null, "", "/exchanges/" + id + query());
  return showDetail(id);
}

function close() {
  if (page.open === null) return;
  const id = page.open;
  page.open = null;
  delete $("main").dataset.open;
  $("detail").replaceChildren();
  document.title = "Calls · nicetap";
  history.pushState(null, "", "/" + query());
  showSelected();
  document.querySelector(`#c${CSS.escape(id)} .call-link`)?.focus();
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    say("Copied.");
  } catch {
    say("The browser did not allow copying.");
  }
}

async function copyFrom(path) {
  const answer = await ask(path);
  if (answer.ok) await copy(await answer.text());
  else say("There is nothing to copy.");
}

async function mark() {
  const button = document.querySelector("[data-mark]");
  if (!button || page.open === null) return;
  const does = button.dataset.mark;
  const answer = await ask(`/api/v1/exchanges/${page.open}/${does}`, { method: "POST" });
  if (!answer.ok) return;
  button.dataset.mark = does === "mark" ? "unmark" : "mark";
  button.textContent = does === "mark" ? "Unmark" : "Mark";
  say(does === "mark" ? "Marked." : "The mark is taken away.");
}

/** Links that a browser would follow without the token. */
async function fetchLink(link) {
  const answer = await ask(link.getAttribute("href"));
  if (!answer.ok) return say("That is not to be had.");
  const blob = await answer.blob();
  const address = URL.createObjectURL(blob);
  const saver = document.createElement("a");
  saver.href = address;
  saver.download = link.getAttribute("download") ?? "nicetap-record.json";
  saver.click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

// ---- what is new

let isRefreshing = false;
let isStale = false;
/** Draws at most a few times a second, however much arrives. */
async function wake() {
  isStale = true;
  if (isRefreshing) return;
  isRefreshing = true;
  while (isStale) {
    isStale = false;
    await refresh().catch(() => {});
    await new Promise((done) => setTimeout(done, 250));
  }
  isRefreshing = false;
}

/** Once somebody can see the page. */
async function seen() {
  while (document.hidden) {
    await new Promise((done) => document.addEventListener("visibilitychange", done, { once: true }));
  }
}

/**
 * Listens with the token, which EventSource cannot send; resumes where it was. Nobody looks at a hidden tab, and a
 * browser has six connections for all tabs of a server: the seventh would wait for ever.
 */
async function listen() {
  let last = page.cursor;
  for (;;) {
    await seen();
    const hidden = new AbortController();
    const hide = () => document.hidden && hidden.abort();
    document.addEventListener("visibilitychange", hide);
    try {
      const headers = last ? { "Last-Event-ID": last } : {};
      const answer = await ask("/api/v1/events" + query(), { headers, signal: hidden.signal });
      if (answer.status === 401 || answer.status === 400) return showLive("off", "not live");
      if (!answer.ok) throw new Error();
      showLive("on", "live");
      wake();
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        const lines = (rest + value).split("\n");
        rest = lines.pop();
        for (const line of lines) if (line.startsWith("id: ")) last = line.slice(4);
        if (lines.some((line) => line.startsWith("data: "))) wake();
      }
    } catch {
      // It is tried again below.
    } finally {
      document.removeEventListener("visibilitychange", hide);
    }
    if (hidden.signal.aborted) continue;
    showLive("off", "nicetap does not answer");
    await new Promise((done) => setTimeout(done, 1500));
  }
}

function showLive(state, text) {
  const live = $("live");
  if (!live) return;
  live.dataset.state = state;
  live.textContent = text;
}

function showPaused(isPaused, turns = page.turns) {
  const button = $("pause");
  if (!button || turns !== page.turns) return;
  button.setAttribute("aria-pressed", String(isPaused));
  button.textContent = isPaused ? "Go on" : "Pause";
}

async function pause() {
  const isPaused = $("pause")?.getAttribute("aria-pressed") === "true";
  page.turns++;
  const answer = await ask(isPaused ? "/api/v1/resume" : "/api/v1/pause", { method: "POST" });
  if (!answer.ok) return;
  showPaused(!isPaused);
  say(isPaused ? "New calls are shown again." : "New calls are not shown; the log goes on.");
}

async function clear() {
  const answer = await ask("/api/v1/clear", { method: "POST" });
  if (!answer.ok) return;
  if (page.open !== null) close();
  say("The page is cleared; the log keeps all.");
  await showList();
}

// ---- clicks and keys

document.addEventListener("click", (event) => {
  const target = event.target.closest("a, button, tr[data-id]");
  if (!target || event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
  const take = (does) => {
    event.preventDefault();
    does();
  };
  const href = target.getAttribute("href") ?? "";
  if (target.dataset.copy) return take(() => copyFrom(target.dataset.copy));
  if (target.dataset.copyText) return take(() => copy(target.dataset.copyText));
  if (target.dataset.mark) return take(mark);
  if (target.dataset.close !== undefined) return take(close);
  if (target.dataset.fetch !== undefined) return take(() => fetchLink(target));
  if (target.id === "pause") return take(pause);
  if (target.id === "clear") return take(clear);
  if (target.id === "keys") return take(() => $("keys-dialog").showModal());
  if (target.tagName === "TR") return take(() => open(target.dataset.id));
  if (href.startsWith("#f-")) {
    return take(() => {
      const finding = document.getElementById(href.slice(1));
      finding?.scrollIntoView({ block: "center" });
      finding?.classList.add("pointed-at");
    });
  }
  if (!$("list")) return;
  const call = href.match(/^\/exchanges\/(\d+)/);
  if (call) return take(() => open(call[1]));
  // The list's own addresses are shown in place.
  if (/^\/(\?|$)/.test(href) && !target.closest("#top-bar nav")) {
    return take(() => {
      history.pushState(null, "", href);
      page.open = null;
      delete $("main").dataset.open;
      restart();
    });
  }
});

document.addEventListener("submit", (event) => {
  if (event.target.id === "filter-form") {
    event.preventDefault();
    const text = $("filter").value.trim();
    history.pushState(null, "", text ? "/?only=" + encodeURIComponent(text) : "/");
    page.open = null;
    delete $("main").dataset.open;
    restart();
  }
  if (event.target.id === "token-form") {
    event.preventDefault();
    page.token = $("token").value.trim();
    sessionStorage.setItem("nicetap-token", page.token);
    unlock();
  }
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isTyping = /^(INPUT|TEXTAREA)$/.test(event.target.tagName);
  if (event.key === "Escape") {
    if (isTyping) event.target.blur();
    else if (!$("keys-dialog").open) close();
    return;
  }
  if (isTyping || $("keys-dialog").open) return;
  const does = {
    j: () => step(1),
    k: () => step(-1),
    "/": () => $("filter")?.focus(),
    c: () => document.querySelector("[data-copy]")?.click(),
    m: mark,
    p: pause,
    "?": () => $("keys-dialog").showModal(),
  };
  const isInList = event.target.closest("#list") || event.target === document.body;
  if (isInList) does.ArrowDown = () => step(1);
  if (isInList) does.ArrowUp = () => step(-1);
  if (does[event.key]) {
    event.preventDefault();
    does[event.key]();
  }
});

/** To the next call or the one before; where a call is open beside the list, that one is opened. */
function step(by) {
  const links = [...document.querySelectorAll(".call-link")];
  if (links.length === 0) return;
  const focused = links.indexOf(document.activeElement);
  const current = focused >= 0 ? focused : links.findIndex((link) => link.hasAttribute("aria-current"));
  const next = links[Math.min(Math.max(current + by, 0), links.length - 1)];
  if (getComputedStyle($("list")).display !== "none") next.focus();
  if (page.open !== null) {
    const id = next.closest("tr").dataset.id;
    history.replaceState(null, "", "/exchanges/" + id + query());
    showDetail(id, false);
  }
}

addEventListener("popstate", () => {
  const call = location.pathname.match(/^\/exchanges\/(\d+)$/);
  if (call) return showDetail(call[1]);
  page.open = null;
  delete $("main").dataset.open;
  $("detail")?.replaceChildren();
  showList();
});

// ---- the beginning

async function restart() {
  $("detail")?.replaceChildren();
  await showList();
}

/** Shows what the address says, once the token is known. */
async function unlock() {
  const call = location.pathname.match(/^\/exchanges\/(\d+)$/);
  const view = { "/session": "/view/session", "/compare": "/view/compare" + location.search }[location.pathname];
  if (view) {
    const shown = await askJson(view);
    if (shown?.tree) $("locked").replaceWith(build(shown.tree));
    return;
  }
  await showList();
  if (!$("list")) return;
  if (call) await showDetail(call[1], false);
  listen();
}

function begin() {
  document.documentElement.classList.add("script");
  const given = location.hash.match(/^#token=([\w-]+)$/);
  if (given) {
    sessionStorage.setItem("nicetap-token", given[1]);
    history.replaceState(null, "", location.pathname + location.search);
  }
  page.token = sessionStorage.getItem("nicetap-token") ?? "";
  if (document.body.dataset.locked) {
    if (page.token) unlock();
    return;
  }
  if (!$("list")) return;
  page.open = $("main").dataset.open ?? null;
  takeList(page.turns);
  listen();
}

begin();
