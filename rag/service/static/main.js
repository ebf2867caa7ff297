// Entry point: layout, keyboard shortcuts, and start.

import "./preferences.js";
import { adding } from "./adding/adding_view.js";
import { isEnabled, look, needsKey, send } from "./adding/sending.js";
import { hide } from "./answer/citation_mark.js";
import { collectionChoice, followAddress, lookUp, reloadedBy } from "./collections.js";
import { begin } from "./conversation/asking.js";
import { conversation } from "./conversation/conversation_view.js";
import { past } from "./conversation/history.js";
import { pastConversations } from "./conversation/past_view.js";
import { closeGuide } from "./guide/guides.js";
import { icon } from "./icons.js";
import { library } from "./library.js";
import { t } from "./messages.js";
import { followGenerations, refresh, troubled } from "./served.js";
import * as service from "./service.js";
import { settings } from "./settings_view.js";
import { changed, changedNow, drawnBy, restingPanel, say, state } from "./state.js";
import { html, nothing, render } from "./vendor/lit-html.js";
import { leaveFind } from "./viewer/find.js";
import { close, follow, sheets, turnBy, viewer, zoomBy } from "./viewer/viewer.js";

// Breakpoints of style/layout.css: too narrow for a panel and a document page; too narrow for two columns.
const narrow = matchMedia("(max-width: 89.9rem)");
const small = matchMedia("(max-width: 48rem)");
const PANELS = { documents: library, history: pastConversations, adding, settings };

function page() {
  const panel = PANELS[state.panel];
  const covered = small.matches && Boolean(state.viewer || panel);
  return html`
    <a class="skip" href="#question" @click=${toQuestion}>${t("page.skip")}</a>
    <header class="bar" ?inert=${state.keyNeeded || (small.matches && Boolean(state.viewer))}>
      <span class="brand">Pageproof</span>
      ${collectionChoice()}
      <nav aria-label=${t("page.panels")}>
        ${tab("documents", t("page.documents"))} ${tab("history", t("page.earlier"))} ${isEnabled() ? tab("adding", t("page.add")) : nothing}
        <button type="button" @click=${begin} ?disabled=${!state.turns.length && !state.guide}>${t("page.new")}</button>
        ${tab("settings", html`${icon("settings")}<span class="hidden">${t("page.settings")}</span>`, t("page.settings"))}
      </nav>
    </header>
    <div ?inert=${state.keyNeeded} class="columns ${state.viewer ? "with-viewer" : ""} ${state.viewer && state.beside ? "with-two" : ""} ${panel ? "with-panel" : ""}">
      ${panel ? html`<div class="side">${panel()}${closePanel()}</div>` : nothing}
      ${conversation(covered)} ${viewer()}
    </div>
    ${state.keyNeeded ? keyForm() : nothing}
    ${state.dragging ? html`<div class="curtain dragging"><p>${t(isEnabled() ? "page.drop" : "page.nowhere")}</p></div>` : nothing}
    <p class="hidden" role="status" aria-live="polite">${state.said}</p>`;
}

function tab(name, content, title = nothing) {
  const isOpen = state.panel === name && !(state.viewer && narrow.matches);
  return html`<button type="button" title=${title} aria-expanded=${isOpen ? "true" : "false"} @click=${() => toggle(name, isOpen)}>${content}</button>`;
}

// On a phone a panel covers the conversation, to which this leads back.
function closePanel() {
  const close = () => {
    changedNow({ panel: null });
    document.querySelector("#question").focus();
  };
  return html`<button type="button" class="icon-button close-panel" aria-label=${t("page.close")} title=${t("page.close.title")} @click=${close}>${icon("close")}</button>`;
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
        <h2 id="key-title">${t("key.title")}</h2>
        <p class="quiet">${t("key.hint")}</p>
        ${service.hasKey() ? html`<p class="problem" role="alert">${t("key.refused")}</p>` : nothing}
        <label for="key">${t("key.label")}</label>
        <input id="key" name="key" type="password" autocomplete="current-password" autofocus required>
        <button type="submit" class="primary">${t("key.continue")}</button>
      </form>
    </div>`;
}

function withKey(event) {
  event.preventDefault();
  service.useKey(new FormData(event.target).get("key"));
  changed({ keyNeeded: false, collections: [] });
  load();
}

function pressed(event) {
  if (event.key === "Escape") return event.isComposing || emptied(event.target) ? undefined : escaped();
  const typing = event.target.closest?.("input, textarea, select");
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

// A field that searches is emptied before the panel that it is in is closed; true if there was something in it.
function emptied(field) {
  if (!field.matches?.("input[type=search]") || !field.value) return false;
  field.value = "";
  return field.dispatchEvent(new Event("input", { bubbles: true }));
}

// What was opened last is closed first.
function escaped() {
  const dropped = document.querySelector("details.drop[open]");
  if (state.peek) hide();
  else if (dropped) dropped.open = false;
  else if (state.find) leaveFind(sheets);
  else if (state.viewer) close();
  else if (state.guide) closeGuide();
  else if (state.panel) changed({ panel: null });
}

// What is dropped down goes when something else is clicked.
function clicked(event) {
  for (const dropped of document.querySelectorAll("details.drop[open]")) if (!dropped.contains(event.target)) dropped.open = false;
  if (state.peek && !event.target.closest?.(".cite")) hide();
}

const hasFiles = (event) => event.dataTransfer?.types.includes("Files");

function dropped(event) {
  // A file that misses its field must not replace the page.
  event.preventDefault();
  changed({ dragging: false });
  if (!hasFiles(event)) return;
  if (isEnabled()) send([...event.dataTransfer.files]);
  else say(t("page.nowhere"));
}

async function moved() {
  await followAddress();
  await follow();
}

async function load() {
  let asked = state.chosen;
  try {
    if (!state.collections.length) await lookUp();
    // The one that was looked up; another may be chosen before its answer is there.
    asked = state.chosen;
    const info = await service.info();
    if (asked !== state.chosen) return;
    changed({ info });
  } catch (problem) {
    if (asked === state.chosen) troubled(problem);
    return;
  }
  await Promise.all([refresh(), follow(), needsKey() ? undefined : look()]);
}

drawnBy(() => render(page(), document.getElementById("page")));
document.getElementById("page").replaceChildren();
addEventListener("keydown", pressed);
addEventListener("click", clicked);
addEventListener("popstate", moved);
addEventListener("dragenter", (event) => hasFiles(event) && !state.dragging && changed({ dragging: true }));
addEventListener("dragleave", (event) => !event.relatedTarget && changed({ dragging: false }));
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", dropped);
for (const size of [narrow, small]) size.addEventListener("change", () => changed());
reloadedBy(load);
changed({ past: past(), panel: restingPanel() });
load();
followGenerations(load);
