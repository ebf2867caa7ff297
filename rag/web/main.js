// The page: what is where, the keys of the keyboard, and the start.

import { adding, isEnabled } from "./adding.js";
import { begin } from "./asking.js";
import { conversation } from "./conversation_view.js";
import { past } from "./history.js";
import { followGenerations, library, refresh } from "./library.js";
import { pastConversations } from "./past_view.js";
import * as service from "./service.js";
import { changed, drawnBy, state } from "./state.js";
import { html, nothing, render } from "./vendor/lit-html.js";
import { close, follow, turnBy, viewer, zoomBy } from "./viewer.js";

// Where there is room for it, what can be asked about is shown from the start.
const WIDE = "(min-width: 70rem)";
const PANELS = { documents: library, history: pastConversations, adding };

function page() {
  const panel = PANELS[state.panel];
  return html`
    <a class="skip" href="#question" @click=${toQuestion}>To the question</a>
    <header class="bar" ?inert=${state.keyNeeded}>
      <span class="brand">Pageproof</span>
      <nav aria-label="Panels">
        ${tab("documents", "Documents")} ${tab("history", "Earlier")} ${isEnabled() ? tab("adding", "Add") : nothing}
        <button type="button" @click=${begin} ?disabled=${!state.turns.length}>New</button>
      </nav>
    </header>
    <div ?inert=${state.keyNeeded} class="columns ${state.viewer ? "with-viewer" : ""} ${panel ? "with-panel" : ""}">
      ${panel ? html`<div class="side">${panel()}</div>` : nothing}
      ${conversation()} ${viewer()}
    </div>
    ${state.keyNeeded ? keyForm() : nothing}
    <p class="hidden" role="status" aria-live="polite">${state.said}</p>`;
}

function tab(name, title) {
  const isOpen = state.panel === name;
  return html`<button type="button" aria-expanded=${isOpen ? "true" : "false"}
    @click=${() => changed({ panel: isOpen ? null : name })}>${title}</button>`;
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
  if (event.key === "ArrowLeft") turnBy(-1);
  if (event.key === "ArrowRight") turnBy(1);
  if (event.key === "+") zoomBy(1);
  if (event.key === "-") zoomBy(-1);
}

async function load() {
  try {
    changed({ info: await service.info() });
  } catch (problem) {
    changed({ trouble: problem.message, keyNeeded: problem.status === 401 });
    return;
  }
  await Promise.all([refresh(), follow()]);
}

drawnBy(() => render(page(), document.getElementById("page")));
document.getElementById("page").replaceChildren();
addEventListener("keydown", pressed);
addEventListener("popstate", follow);
changed({ past: past(), panel: matchMedia(WIDE).matches ? "documents" : null });
load();
followGenerations();
