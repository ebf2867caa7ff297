// A second cited page beside the first, for an answer that cites two places: to compare what they say.

import { icon } from "../icons.js";
import { t } from "../messages.js";
import { nameView } from "../names.js";
import * as service from "../service.js";
import { changed, state } from "../state.js";
import { html, nothing } from "../vendor/lit-html.js";
import { place } from "../wording.js";
import { Sheets } from "./sheets.js";

const nothingToTell = () => {};
const sheets = new Sheets({
  turned: nothingToTell,
  zoomed: nothingToTell,
  failed: (problem) => service.lacksKey(problem) && changed({ keyNeeded: true }),
});
let numbered = 0; // of the pages that were asked for: an older one that comes late is not shown

// Cited pages other than the one that is shown; of other documents first, for these are what is compared.
function others(view) {
  const elsewhere = (view.citations ?? []).filter((each) => each.document_id !== view.documentId || each.page !== view.page);
  return elsewhere.sort((one, other) => (one.document_id === view.documentId) - (other.document_id === view.documentId));
}

// On a narrow screen two pages would be too small to be read.
const wide = matchMedia("(min-width: 64rem)");
wide.addEventListener("change", () => !wide.matches && closeBeside());

export function besideButton(view) {
  if (!wide.matches || !view.hasPicture || !others(view).length) return nothing;
  const key = state.beside ? "viewer.beside.close" : "viewer.beside";
  return html`<button type="button" class="icon-button" aria-label=${t(key)} title=${t(key)} aria-pressed=${state.beside ? "true" : "false"}
    @click=${() => (state.beside ? closeBeside() : open(view, others(view)[0]))}>${icon("columns")}</button>`;
}

export function closeBeside() {
  numbered += 1;
  if (state.beside) changed({ beside: null });
}

async function open(view, citation) {
  const number = ++numbered;
  const { document_id: documentId, page, start, end } = citation;
  changed({ beside: { citation, problem: null } });
  try {
    const [layout, told] = await Promise.all([service.pages(documentId, state.index), service.page(documentId, page, start, end)]);
    const picture = told.has_picture ? await service.decodedPicture(documentId, page) : null;
    if (number !== numbered) return;
    const shown = { ...told, documentId, page, start, end, near: view.near, name: told.document, citations: view.citations };
    Object.assign(shown, { layout: layout.pages, picture, hasPicture: told.has_picture });
    changed({ beside: { citation, problem: null } });
    // When it is in the page, and has a size.
    requestAnimationFrame(() => requestAnimationFrame(() => number === numbered && sheets.show(shown)));
  } catch (problem) {
    if (number === numbered) changed({ beside: { citation, problem } });
    if (service.lacksKey(problem)) changed({ keyNeeded: true });
  }
}

export function besideView(view) {
  if (!state.beside) return nothing;
  const { citation, problem } = state.beside;
  return html`
    <section class="beside" aria-label=${t("viewer.beside.label")}>
      <p class="quiet">${choice(view, citation)}</p>
      ${problem ? html`<p class="problem" role="alert">${problem.message}</p>` : sheets.element}
    </section>`;
}

// Of more than one, another may be chosen.
function choice(view, citation) {
  const listed = others(view);
  if (listed.length < 2 || !listed.includes(citation)) return html`${citation.id}: ${nameView(place(citation))}`;
  return html`<select aria-label=${t("viewer.beside.label")} @change=${(event) => open(view, listed[event.target.selectedIndex])}>
    ${listed.map((each) => html`<option .selected=${each === citation}>${t("viewer.other", { id: each.id, place: place(each) })}</option>`)}
  </select>`;
}
