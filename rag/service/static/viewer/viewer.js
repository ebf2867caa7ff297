// The document viewer beside the answer: its pages one below the other, with the quote highlighted.

import { addressOf, linkTo, readAddress } from "../address.js";
import { copy } from "../clipboard.js";
import { fileIcon, icon } from "../icons.js";
import { t } from "../messages.js";
import { nameView, shortened } from "../names.js";
import * as service from "../service.js";
import { changed, say, state } from "../state.js";
import { html, nothing } from "../vendor/lit-html.js";
import { place, printed, requestOf } from "../wording.js";
import { besideButton, besideView, closeBeside } from "./beside.js";
import { closeFind, findBar, openFind } from "./find.js";
import { rail } from "./rail.js";
import { Sheets } from "./sheets.js";

// Characters of another document's name below the pages.
const LONGEST_NAME = 28;

let opener = null; // what had the focus before
let numbered = 0; // of the views that were asked for: an older one that comes late is not shown
let leaving = null; // while the browser goes back: what was asked for again meanwhile would leave the page
let cited = []; // citations of the answer that it was opened from; an address that is opened anew knows none

export const sheets = new Sheets({
  turned: (page) => state.viewer && state.viewer.now !== page && changed({ viewer: { ...state.viewer, now: page } }),
  zoomed: () => changed(),
  failed: (problem) => service.lacksKey(problem) && changed({ keyNeeded: true }),
});

export async function open({ citations = [], ...place }, from) {
  await leaving;
  const shown = { ...place, collection: service.homeOf(place.documentId) };
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
  if (leaving) return leaving;
  // "Back" returns to where the viewer was opened, unless a link opened the page.
  if (history.state?.viewer) return goBack();
  history.replaceState(null, "", location.pathname);
  return follow();
}

// Once, until the browser is there: a second Escape may come before.
function goBack() {
  leaving = new Promise((resolve) => addEventListener("popstate", resolve, { once: true })).then(() => (leaving = null));
  history.back();
  return leaving;
}

// Shows the page of the URL.
export async function follow() {
  const shown = readAddress();
  const number = ++numbered;
  if (!shown) {
    const wasOpen = state.viewer;
    // With its marks: the document may be opened again.
    closeFind(sheets);
    closeBeside();
    changed({ viewer: null });
    if (wasOpen) requestAnimationFrame(() => (opener?.isConnected ? opener : document.querySelector("#question"))?.focus());
    return;
  }
  const wasOpen = Boolean(state.viewer);
  // What is beside it was chosen beside another page.
  if (state.viewer && (state.viewer.documentId !== shown.documentId || state.viewer.page !== shown.page)) closeBeside();
  if (state.viewer && state.viewer.documentId !== shown.documentId) closeFind(sheets);
  // The current page stays until the next one has loaded.
  changed({ viewer: { ...(state.viewer ?? shown), loading: true, problem: null } });
  try {
    const view = await load(shown);
    if (number !== numbered) return;
    changed({ viewer: { ...shown, ...view, now: shown.page, citations: cited, loading: false, problem: null } });
    say(t("viewer.said", { name: view.name, page: shown.page, pages: view.pages }));
    // When it is in the page, and has a size.
    requestAnimationFrame(() => {
      if (number !== numbered) return;
      sheets.show(state.viewer);
      changed();
      if (!wasOpen) document.querySelector(".viewer h2")?.focus({ preventScroll: true });
    });
  } catch (problem) {
    if (number !== numbered) return;
    changed({ viewer: { ...shown, citations: cited, loading: false, problem } });
    if (service.lacksKey(problem)) changed({ keyNeeded: true });
    if (!wasOpen) requestAnimationFrame(() => document.querySelector(".viewer h2")?.focus({ preventScroll: true }));
  }
}

async function load({ documentId, page, start, end }) {
  const layout = service.pages(documentId, state.index);
  const told = await service.page(documentId, page, start, end);
  const picture = told.has_picture ? await service.decodedPicture(documentId, page) : null;
  const { document: name, pages, boxes, text } = told;
  return { name, pages, boxes, text, picture, hasPicture: told.has_picture, layout: (await layout).pages };
}

// Moves by a number of pages, from the one that is seen.
export function turnBy(pages) {
  if (!state.viewer?.layout) return;
  toPage(state.viewer.now + pages);
}

function toPage(page) {
  if (page >= 1 && page <= state.viewer.pages) sheets.goTo(page);
}

export const zoomBy = (steps) => sheets.zoomBy(steps);

async function openFile() {
  try {
    const address = await service.file(state.viewer.documentId);
    window.open(address, "_blank", "noopener");
  } catch (problem) {
    changed({ viewer: { ...state.viewer, problem } });
  }
}

const openFindBar = () => openFind(sheets);

export function viewer() {
  const view = state.viewer;
  if (!view) return nothing;
  return html`
    <aside class="viewer" aria-label=${t("viewer.label")} data-shown=${addressOf(view)} aria-busy=${view.loading ? "true" : "false"}
      @keydown=${pressed}>
      <header>
        ${view.name ? fileIcon(view.name) : nothing}
        <h2 tabindex="-1" title=${view.name ?? ""}>${view.name ? nameView(view.name) : t("viewer.page")}</h2>
        <button type="button" class="icon-button" aria-label=${t("viewer.close")} title=${t("viewer.close.title")} @click=${close}>${icon("close")}</button>
      </header>
      ${view.layout && !view.problem ? tools(view) : nothing}
      ${view.problem ? problemView(view) : view.layout ? stage(view) : html`<p class="quiet loading">${t("viewer.loading")}</p>`}
      ${view.problem ? nothing : others(view)}
    </aside>`;
}

// The browser's own search does not see pages that are not drawn.
function pressed(event) {
  if (event.key.toLowerCase() !== "f" || !(event.ctrlKey || event.metaKey) || !state.viewer?.layout) return;
  event.preventDefault();
  openFindBar();
}

const button = (name, drawing, act, disabled = false) =>
  html`<button type="button" class="icon-button" aria-label=${t(`viewer.${name}`)} title=${t(`viewer.${name}.title`)} ?disabled=${disabled} @click=${act}>${icon(drawing)}</button>`;

function tools(view) {
  const label = printed({ page: view.now, label: view.layout[view.now - 1]?.label });
  const plain = (key, drawing, act) =>
    html`<button type="button" class="icon-button" aria-label=${t(key)} title=${t(key)} @click=${act}>${icon(drawing)}</button>`;
  return html`
    <div class="tools" role="toolbar" aria-label=${t("viewer.page")}>
      <span class="group">
        ${button("previous", "left", () => turnBy(-1), view.now <= 1)}
        <form class="number" @submit=${typed}>
          <input name="page" aria-label=${t("viewer.number")} title=${t("viewer.number.title")} autocomplete="off" inputmode="numeric"
            .value=${String(view.now)} @focus=${(event) => event.target.select()} @change=${typed}>
        </form>
        <span class="count">${t("viewer.of", { pages: view.pages })}${label ? html` <span class="label">${t("viewer.printed", { label })}</span>` : nothing}</span>
        ${button("next", "right", () => turnBy(1), view.now >= view.pages)}
      </span>
      ${view.hasPicture
        ? html`<span class="group zooms">${button("out", "minus", () => zoomBy(-1))}
            <button type="button" class="zoom" title=${t("viewer.fit")} aria-label="${t("viewer.zoom", { percent: sheets.zoom })}, ${t("viewer.fit")}" @click=${() => sheets.fit()}>${t("viewer.zoom", { percent: sheets.zoom })}</button>
            ${button("in", "plus", () => zoomBy(1))}</span>`
        : nothing}
      <span class="group">
        ${besideButton(view)}
        ${plain("viewer.find", "search", openFindBar)}
        ${plain("viewer.link", "link", () => copy(linkTo(shownNow(view)), t("viewer.link.copied")))}
        ${plain("viewer.file", "file", openFile)}
      </span>
    </div>
    ${findBar(sheets)}`;
}

// A link names the quote, while its page is seen.
const shownNow = (view) => (view.now === view.page ? view : { documentId: view.documentId, page: view.now, collection: view.collection });

// The number of a page, or the one that is printed on it.
function typed(event) {
  event.preventDefault();
  const field = event.target.closest("form").elements.page;
  const wanted = field.value.trim();
  const { layout, now } = state.viewer;
  const labelled = layout.findIndex(({ label }) => label && label.trim().toLowerCase() === wanted.toLowerCase()) + 1;
  const page = /^\d{1,7}$/.test(wanted) && Number(wanted) in layout.concat([0]) ? Number(wanted) : labelled;
  if (page) toPage(page);
  else if (wanted) say(t("viewer.unknownPage", { page: wanted }));
  field.value = String(page || now);
}

function stage(view) {
  return html`<div class="stage">${sheets.element}${rail(view, sheets, toCitation)}${besideView(view)}</div>`;
}

function problemView({ problem, documentId }) {
  const gone = problem.status === 404 && !state.documents.some((each) => each.id === documentId);
  return html`<div class="problem" role="alert">${gone ? t("viewer.gone") : problem.message}${requestOf(problem)}</div>`;
}

const toCitation = (each) =>
  open({ documentId: each.document_id, page: each.page, start: each.start, end: each.end, near: state.viewer.near, citations: cited });

// The rail has the citations of this document; these are those of the others.
function others(view) {
  const citations = (view.citations ?? []).filter((each) => each.document_id !== view.documentId);
  if (!citations.length) return nothing;
  return html`
    <nav class="others" aria-label=${t("viewer.others")}>
      ${citations.map((each) => html`<button type="button" class=${view.near ? "chip near" : "chip"} @click=${() => toCitation(each)}>${t("viewer.other", { id: each.id, place: place({ ...each, document: shortened(each.document, LONGEST_NAME) }) })}</button>`)}
    </nav>`;
}
