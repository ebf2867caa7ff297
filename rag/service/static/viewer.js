// The document viewer beside the answer: a page with the quote highlighted.

import { addressOf, linkTo, readAddress } from "./address.js";
import { copy } from "./clipboard.js";
import * as service from "./service.js";
import { changed, say, state } from "./state.js";
import { html, nothing, svg } from "./vendor/lit-html.js";
import { printed, requestOf } from "./wording.js";

const ZOOMS = [50, 75, 100, 150, 200, 300];
const FITS = 2;

let opener = null; // what had the focus before
let numbered = 0; // of the views that were asked for: an older one that comes late is not shown
let cited = []; // citations of the answer that it was opened from; an address that is opened anew knows none

export function open({ citations = [], ...shown }, from) {
  opener = from ?? opener;
  cited = citations;
  const address = addressOf(shown);
  if (location.hash === address) return follow();
  // Paging within a document is one entry in the browser history.
  if (readAddress()) history.replaceState(history.state, "", address);
  else history.pushState({ viewer: true }, "", address);
  return follow();
}

export function close() {
  // "Back" returns to where the viewer was opened, unless a link opened the page.
  if (history.state?.viewer) return history.back();
  history.replaceState(null, "", location.pathname);
  return follow();
}

// Shows the page of the URL.
export async function follow() {
  const shown = readAddress();
  const number = ++numbered;
  if (!shown) {
    const wasOpen = state.viewer;
    changed({ viewer: null });
    if (wasOpen) requestAnimationFrame(() => (opener?.isConnected ? opener : document.querySelector("#question"))?.focus());
    return;
  }
  const zoom = state.viewer?.zoom ?? FITS;
  const wasOpen = Boolean(state.viewer);
  // The current page stays until the next one has loaded.
  changed({ viewer: { ...(state.viewer ?? shown), zoom, loading: true, problem: null } });
  try {
    const view = await load(shown);
    if (number !== numbered) return;
    changed({ viewer: { ...shown, ...view, citations: cited, zoom, loading: false, problem: null } });
    say(`${view.name}, page ${shown.page} of ${view.pages}`);
  } catch (problem) {
    if (number !== numbered) return;
    changed({ viewer: { ...shown, citations: cited, zoom, loading: false, problem } });
    if (service.lacksKey(problem)) changed({ keyNeeded: true });
  }
  requestAnimationFrame(() => shownAt(wasOpen));
}

async function load({ documentId, page, start, end }) {
  const told = await service.page(documentId, page, start, end);
  const { document: name, label, pages, width, height, boxes } = told;
  const view = { name, label, pages, width, height, boxes };
  return told.has_picture
    ? { ...view, picture: await decoded(await service.picture(documentId, page)) }
    : { ...view, text: told.text };
}

// Decoded before it is inserted, so that the page and its highlight appear together.
async function decoded(address) {
  const image = new Image();
  image.src = address;
  await image.decode();
  return address;
}

function shownAt(wasOpen) {
  document.querySelector(".viewer .quote")?.scrollIntoView({ block: "center", inline: "nearest" });
  if (!wasOpen) document.querySelector(".viewer h2")?.focus({ preventScroll: true });
}

// Moves by a number of pages, from the one requested last.
export function turnBy(pages) {
  const last = readAddress();
  if (!last || !state.viewer) return;
  const page = last.page + pages;
  if (page < 1 || page > state.viewer.pages) return;
  const here = cited.find((citation) => citation.document_id === last.documentId && citation.page === page);
  open({ ...last, page, start: here?.start ?? 0, end: here?.end ?? 0, citations: cited });
}

export function zoomBy(steps) {
  const zoom = Math.min(ZOOMS.length - 1, Math.max(0, state.viewer.zoom + steps));
  changed({ viewer: { ...state.viewer, zoom } });
}

async function openFile() {
  try {
    const address = await service.file(state.viewer.documentId);
    window.open(address, "_blank", "noopener");
  } catch (problem) {
    changed({ viewer: { ...state.viewer, problem } });
  }
}

export function viewer() {
  const view = state.viewer;
  if (!view) return nothing;
  return html`
    <aside class="viewer" aria-label="Page of the document" data-shown=${addressOf(view)} aria-busy=${view.loading ? "true" : "false"}>
      <header>
        <h2 tabindex="-1">${view.name ?? "Page"}</h2>
        <button type="button" class="icon" aria-label="Close the page" title="Close (Esc)" @click=${close}>✕</button>
      </header>
      <div class="tools" role="toolbar" aria-label="Page">
        <button type="button" aria-label="Previous page" title="Previous page (←)" ?disabled=${view.page <= 1}
          @click=${() => turnBy(-1)}>‹</button>
        <span>Page ${view.page}${view.pages ? ` of ${view.pages}` : ""}${printed(view)}</span>
        <button type="button" aria-label="Next page" title="Next page (→)" ?disabled=${view.page >= view.pages}
          @click=${() => turnBy(1)}>›</button>
        ${view.picture
          ? html`<button type="button" aria-label="Zoom out" title="Zoom out (−)" @click=${() => zoomBy(-1)}>−</button>
              <span class="zoom">${ZOOMS[view.zoom]} %</span>
              <button type="button" aria-label="Zoom in" title="Zoom in (+)" @click=${() => zoomBy(1)}>+</button>`
          : nothing}
        <button type="button" @click=${() => copy(linkTo(view), "The link was copied")}>Copy link</button>
        <button type="button" @click=${openFile}>Open file</button>
      </div>
      <div class="sheet" tabindex="0" role="group" aria-label="Page ${view.page}">${content(view)}</div>
      ${others(view)}
    </aside>`;
}

function content(view) {
  if (view.problem) return problemView(view);
  if (view.picture) return picture(view);
  if (view.text !== undefined) return words(view);
  return html`<p class="quiet">Loading the page</p>`;
}

function problemView({ problem, documentId }) {
  const gone = problem.status === 404 && !state.documents.some((each) => each.id === documentId);
  const said = gone ? "This document is not in the index any more." : problem.message;
  return html`<div class="problem" role="alert">${said}${requestOf(problem)}</div>`;
}

function picture(view) {
  return html`
    <div class="paper zoom-${ZOOMS[view.zoom]}">
      <img src=${view.picture} alt="Page ${view.page} of ${view.name}" width=${view.width} height=${view.height}>
      <svg viewBox="0 0 ${view.width} ${view.height}" aria-hidden="true">
        ${onThisPage(view).map((citation) => citation.boxes.map((box) => rectangle(box, "other")))}
        ${view.boxes.map((box) => rectangle(box, view.near ? "quote near" : "quote"))}
      </svg>
    </div>`;
}

// Other citations of the same answer on this page.
function onThisPage(view) {
  return (view.citations ?? []).filter(
    (each) =>
      each.document_id === view.documentId && each.page === view.page && !(each.start === view.start && each.end === view.end),
  );
}

function rectangle([left, top, right, bottom], name) {
  return svg`<rect class=${name} x=${left} y=${top} width=${right - left} height=${bottom - top} rx="1.5"></rect>`;
}

function words(view) {
  // Offsets count characters; strings of JavaScript are cut by units of UTF-16.
  const characters = Array.from(view.text);
  const part = (start, end) => characters.slice(start, end).join("");
  const { start, end } = view;
  const quote = html`<mark class=${view.near ? "quote near" : "quote"}>${part(start, end)}</mark>`;
  return html`<pre class="paper text">${part(0, start)}${end ? quote : nothing}${part(end)}</pre>`;
}

function others(view) {
  const citations = (view.citations ?? []).filter((citation) => citation.document_id === view.documentId);
  if (citations.length < 2) return nothing;
  return html`
    <nav class="others" aria-label="Citations of this document">
      ${citations.map(
        (each) => html`<button type="button" class=${view.near ? "chip near" : "chip"} aria-current=${each.page === view.page && each.start === view.start ? "true" : "false"}
          @click=${() => open({ documentId: each.document_id, page: each.page, start: each.start, end: each.end, near: view.near, citations: cited })}>
          ${each.id}: page ${each.page}</button>`,
      )}
    </nav>`;
}
