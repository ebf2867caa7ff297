// A rail beside the pages: where in the document the citations of the answer stand, and what a search has found.

import { t } from "../messages.js";
import { state } from "../state.js";
import { html, nothing } from "../vendor/lit-html.js";
import { place } from "../wording.js";

// Pixels from one number to the next, so that each can be hit.
const APART = 26;
const GAP = 12;

export function rail(view, sheets, go) {
  const citations = (view.citations ?? []).filter((each) => each.document_id === view.documentId);
  const hits = state.find?.hits ?? [];
  const length = sheets.element.clientHeight;
  if ((!citations.length && !hits.length) || !length) return nothing;
  const heights = view.layout.map((page) => page.height + GAP);
  const total = heights.reduce((one, other) => one + other, 0);
  const share = ({ page, boxes }) => (heights.slice(0, page - 1).reduce((one, other) => one + other, 0) + (boxes[0]?.[1] ?? 0)) / total;
  const ticks = spread(citations.map((citation) => ({ citation, at: share(citation) * length })), length);
  return html`
    <nav class="rail" aria-label=${t("viewer.rail")}>
      ${hits.map((hit) => html`<span class="hit" .style=${`top: ${share(hit) * length}px`}></span>`)}
      ${ticks.map(({ citation, at }) => tick(citation, at, view, go))}
    </nav>`;
}

function tick(citation, at, view, go) {
  const isShown = citation.page === view.page && citation.start === view.start;
  const name = t("answer.citation", { id: citation.id, place: place(citation) });
  return html`<button type="button" class=${view.near ? "tick near" : "tick"} aria-label=${name} title=${name}
    aria-current=${isShown ? "true" : "false"} .style=${`top: ${at}px`} @click=${() => go(citation)}>${citation.id}</button>`;
}

// Moved apart, in their order, and kept within the rail.
function spread(ticks, length) {
  const sorted = [...ticks].sort((one, other) => one.at - other.at);
  let least = 0;
  for (const tick of sorted) {
    tick.at = Math.max(tick.at, least);
    least = tick.at + APART;
  }
  let most = length - APART;
  for (const tick of sorted.reverse()) {
    tick.at = Math.max(0, Math.min(tick.at, most));
    most = tick.at - APART;
  }
  return sorted.reverse();
}
