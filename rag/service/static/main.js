// Entry point: layout, keyboard shortcuts, and start.

import { adding, isEnabled } from "./adding.js";
import { begin } from "./asking.js";
import { conversation } from "./conversation_view.js";
import { past } from "./history.js";
import { followGenerations, library, refresh, troubled } from "./library.js";
import { pastConversations } from "./past_view.js";
import * as service from "./service.js";
import { changed, drawnBy, state } from "./state.js";
import { html, nothing, render } from "./vendor/lit-html.js";
import { close, follow, turnBy, viewer, zoomBy } from "./viewer.js";

// If there is room, the document list is open from the start.
const WIDE = "(min-width: 70rem)";
// Breakpoints of style.css: too narrow for a panel and a document page; too narrow for two columns.
const narrow = matchMedia("(max-width: 96rem)");
const small = matchMedia("(max-width: 48rem)");
const PANELS = { documents: library, history: pastConversations, adding };

function page() {
  const panel = PANELS[state.panel];
  const covered = small.matches && Boolean(state.viewer || panel);
  return html`
    <a class="skip" href="#question" @click=${toQuestion}>To the question</a>
    <header class="bar" ?inert=${state.keyNeeded || (small.matches && Boolean(state.viewer))}>
      <span class="brand">Pageproof</span>
      <nav aria-label="Panels">
        ${tab("documents", "Documents")} ${tab("history", "Earlier")} ${isEnabled() ? tab("adding", "Add") : nothing}
        <button type="button" @click=${begin} ?disabled=${!state.turns.length}>New</button>
      </nav>
    </header>
    <div ?inert=${state.keyNeeded} class="columns ${state.viewer ? "with-viewer" : ""} ${panel ? "with-panel" : ""}">
      ${panel ? html`<div class="side">${panel()}</div>` : nothing}
      ${conversation(covered)} ${viewer()}
    </div>
    ${state.keyNeeded ? keyForm() : nothing}
    <p class="hidden" role="status" aria-live="polite">${state.said}</p>`;
}

function tab(name, title) {
  const isOpen = state.panel === name && !(state.viewer && narrow.matches);
  return html`<button type="button" aria-expanded=${isOpen ? "true" : "false"}
    @click=${() => toggle(name, isOpen)}>${title}</button>`;
}

function toggle(name, isOpen) {
  changed({ panel: isOpen ? null : name });
  if (!isOpen && state.viewer && narrow.matches) close();
}

function toQuestion(event) {
  event.preventDefault();
  document.querySelector("#question").focus();
}

function keyForm() {
  return html`
    <div class="curtain">
      <form class="key" role="dialog" aria-modal="true" aria-labelledby="key-title" @submit=${withKey}>
        <h2 id="key-title">An access key is needed</h2>
        <p class="quiet">Whoever runs this service has it. It is kept until this tab is closed.</p>
        ${service.hasKey() ? html`<p class="problem" role="alert">That key is not accepted.</p>` : nothing}
        <label for="key">Access key</label>
        <input id="key" name="key" type="password" autocomplete="current-password" autofocus required>
        <button type="submit" class="primary">Continue</button>
      </form>
    </div>`;
}

function withKey(event) {
  event.preventDefault();
  service.useKey(new FormData(event.target).get("key"));
  changed({ keyNeeded: false });
  load();
}

function pressed(event) {
  if (event.key === "Escape") {
    if (state.viewer) close();
    else if (state.panel) changed({ panel: null });
    return;
  }
  const typing = event.target.closest?.("input, textarea");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/") {
    event.preventDefault();
    document.querySelector("#question").focus();
  }
  if (!state.viewer) return;
  const sheet = event.target.closest?.(".sheet");
  const scrolls = sheet && sheet.scrollWidth > sheet.clientWidth;
  if (event.key === "ArrowLeft" && !scrolls) turnBy(-1);
  if (event.key === "ArrowRight" && !scrolls) turnBy(1);
  if (event.key === "+") zoomBy(1);
  if (event.key === "-") zoomBy(-1);
}

async function load() {
  try {
    changed({ info: await service.info() });
  } catch (problem) {
    troubled(problem);
    return;
  }
  await Promise.all([refresh(), follow()]);
}

drawnBy(() => render(page(), document.getElementById("page")));
document.getElementById("page").replaceChildren();
addEventListener("keydown", pressed);
addEventListener("popstate", follow);
// A file that misses its field must not replace the page.
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => event.preventDefault());
for (const size of [narrow, small]) size.addEventListener("change", () => changed());
changed({ past: past(), panel: matchMedia(WIDE).matches ? "documents" : null });
load();
followGenerations(load);
