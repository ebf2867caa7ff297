// The number of a citation in the text. Its quote is folded behind it: shown on hover, on focus and on a tap; a click, or
// Enter, opens the page.

import { t } from "../messages.js";
import { changed, state } from "../state.js";
import { html, nothing } from "../vendor/lit-html.js";
import { open } from "../viewer/viewer.js";
import { oneLine, place } from "../wording.js";
import { copyBibtex, copyQuote, hasReference } from "./reference.js";

const OPEN_AFTER = 150;
const CLOSE_AFTER = 250;
const GAP = 8;

let timer = 0;
let muted = false;

export function citationMark(answer, sentence, number, citation) {
  const key = `${answer.id ?? ""}.${number}.${citation.id}`;
  const isOpen = state.peek === key;
  const id = `peek-${number}-${citation.id}`;
  return html`<span class="cite" @pointerenter=${(event) => event.pointerType === "mouse" && later(key, OPEN_AFTER, event.currentTarget)}
      @pointerleave=${(event) => event.pointerType === "mouse" && later(null, CLOSE_AFTER)}
      @focusout=${(event) => event.currentTarget.contains(event.relatedTarget) || later(null, 0)}><button type="button" class="mark"
      aria-label=${t("answer.citation", { id: citation.id, place: place(citation) })} aria-describedby=${isOpen ? id : nothing}
      @focus=${(event) => !muted && event.currentTarget.matches(":focus-visible") && show(key, event.currentTarget)}
      @click=${(event) => clicked(event, answer, citation, key)}>${citation.id}</button>${isOpen ? peek(answer, sentence, citation, id) : nothing}</span>`;
}

function peek(answer, sentence, citation, id) {
  const isSame = oneLine(citation.quote) === oneLine(sentence.text);
  return html`<span class="peek" id=${id} role="group" aria-label=${t("answer.quote", { id: citation.id })}>
    <span class="place">${place(citation)}</span>
    ${isSame ? html`<span class="verbatim">${t("answer.verbatim")}</span>` : html`<q>${oneLine(citation.quote)}</q>`}
    <span class="actions">
      <button type="button" class="link" @click=${(event) => openCitation(event, answer, citation)}>${t("answer.show")}</button>
      <button type="button" class="link" @click=${() => copyQuote(citation)}>${t("answer.copyQuote")}</button>
      ${hasReference(citation) ? html`<button type="button" class="link" @click=${() => copyBibtex(citation)}>${t("answer.bibtex")}</button>` : nothing}
    </span>
  </span>`;
}

export function openCitation(event, answer, citation) {
  hide();
  const shown = { documentId: citation.document_id, page: citation.page, start: citation.start, end: citation.end };
  const mark = event.currentTarget.closest(".cite")?.querySelector(".mark") ?? event.currentTarget;
  open({ ...shown, near: answer.answered === false, citations: answer.citations }, mark);
}

// A finger cannot hover: its first tap shows the quote, which has a button for the page.
function clicked(event, answer, citation, key) {
  if (event.pointerType === "touch") return state.peek === key ? hide() : show(key, event.currentTarget);
  return openCitation(event, answer, citation);
}

function later(key, after, mark) {
  clearTimeout(timer);
  timer = setTimeout(() => (key ? show(key, mark) : hide()), after);
}

function show(key, mark) {
  clearTimeout(timer);
  changed({ peek: key });
  requestAnimationFrame(() => requestAnimationFrame(() => beside(mark.closest(".cite"))));
}

export function hide() {
  clearTimeout(timer);
  if (!state.peek) return;
  const mark = document.activeElement?.closest(".peek")?.closest(".cite").querySelector(".mark");
  changed({ peek: null });
  // The focus goes back to the number, and does not open it again.
  muted = true;
  mark?.focus();
  muted = false;
}

// Below its number, or above it where there is no room.
function beside(cite) {
  const shown = cite?.querySelector(".peek");
  if (!shown) return;
  const at = cite.querySelector(".mark").getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = shown;
  const left = Math.max(GAP, Math.min(at.left - GAP, innerWidth - width - GAP));
  const below = at.bottom + GAP / 2;
  shown.style.left = `${left}px`;
  shown.style.top = `${below + height > innerHeight ? Math.max(GAP, at.top - height - GAP / 2) : below}px`;
}
