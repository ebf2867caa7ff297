// Search in the document that is shown.

import { icon } from "../icons.js";
import { t } from "../messages.js";
import * as service from "../service.js";
import { changed, changedNow, say, state } from "../state.js";
import { html, nothing } from "../vendor/lit-html.js";

const AFTER = 250;
const LONGEST = 200;

let timer = 0;

export function openFind() {
  if (!state.find) changedNow({ find: { text: "", hits: null, total: 0, now: 0 } });
  document.querySelector("#find")?.select();
}

export function closeFind(sheets) {
  clearTimeout(timer);
  if (!state.find) return;
  changed({ find: null });
  sheets?.found([], null);
}

export function findBar(sheets) {
  const find = state.find;
  if (!find) return nothing;
  const place = find.hits?.length ? t("viewer.find.place", { number: find.now + 1, total: find.total }) : find.hits ? t("viewer.find.none") : "";
  const step = (key, drawing, steps) => html`<button type="button" class="icon-button" aria-label=${t(key)} title=${t(key)}
    ?disabled=${!find.hits?.length} @click=${() => stepBy(sheets, steps)}>${icon(drawing)}</button>`;
  return html`
    <form class="find" role="search" @submit=${(event) => submitted(event, sheets)} @keydown=${(event) => pressed(event, sheets)}>
      <input id="find" type="search" maxlength=${LONGEST} aria-label=${t("viewer.find.field")} placeholder=${t("viewer.find.field")}
        autocomplete="off" .value=${find.text} @input=${(event) => typed(event.target.value, sheets)}>
      <span class="quiet" role="status">${place}</span>
      ${step("viewer.find.previous", "left", -1)} ${step("viewer.find.next", "right", 1)}
      <button type="button" class="icon-button" aria-label=${t("viewer.find.close")} title=${t("viewer.find.close")} @click=${() => leaveFind(sheets)}>${icon("close")}</button>
    </form>`;
}

// Closes it for a person, who goes on reading.
export function leaveFind(sheets) {
  closeFind(sheets);
  requestAnimationFrame(() => sheets.element.focus({ preventScroll: true }));
}

function pressed(event, sheets) {
  if (event.key !== "Escape") return;
  event.stopPropagation();
  // By itself it empties the field, which would be typing.
  event.preventDefault();
  leaveFind(sheets);
}

function typed(text, sheets) {
  clearTimeout(timer);
  changed({ find: { ...state.find, text } });
  timer = setTimeout(() => look(sheets), AFTER);
}

// Enter goes on to the next one, or searches at once.
function submitted(event, sheets) {
  event.preventDefault();
  if (state.find.looked === state.find.text.trim()) return stepBy(sheets, 1);
  clearTimeout(timer);
  return look(sheets);
}

async function look(sheets) {
  const text = state.find.text.trim();
  if (!text) {
    changed({ find: { ...state.find, hits: null, looked: "" } });
    return sheets.found([], null);
  }
  const { documentId, now: page } = state.viewer;
  try {
    const { found, total } = await service.search(documentId, text);
    if (state.find?.text.trim() !== text || state.viewer?.documentId !== documentId) return;
    // From the page that is seen on.
    const now = Math.max(0, found.findIndex((each) => each.page >= page));
    changed({ find: { ...state.find, looked: text, hits: found, total, now } });
    sheets.found(found, found[now] ?? null);
    say(found.length ? t("viewer.find.place", { number: now + 1, total }) : t("viewer.find.none"));
  } catch (problem) {
    if (service.lacksKey(problem)) changed({ keyNeeded: true });
    else say(problem.message);
  }
}

function stepBy(sheets, steps) {
  const { hits, now } = state.find;
  if (!hits?.length) return;
  const next = (now + steps + hits.length) % hits.length;
  changed({ find: { ...state.find, now: next } });
  sheets.found(hits, hits[next]);
}
