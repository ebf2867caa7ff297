// Sources of an answer, folded under it; and the nearest passages, where there is no answer.

import { icon } from "../icons.js";
import { t } from "../messages.js";
import { nameView } from "../names.js";
import { html, nothing } from "../vendor/lit-html.js";
import { elsewhere, isUnsure, oneLine, printed, supported } from "../wording.js";
import { openCitation } from "./citation_mark.js";
import { copyQuote } from "./reference.js";

const NAMED = 3;

export function sources(answer) {
  if (!answer.citations.length) return nothing;
  return answer.answered ? folded(answer) : nearest(answer);
}

function folded(answer) {
  const sentences = supported(answer);
  const sure = new Set(sentences.filter((sentence) => !isUnsure(sentence, answer)).flatMap((sentence) => sentence.citations));
  const verbatim = new Set(sentences.map((sentence) => oneLine(sentence.text)));
  return html`
    <details class="quotes">
      <summary>${t("answer.sources", { count: answer.citations.length })}: <span class="named">${summary(answer)}</span></summary>
      <ol>${answer.citations.map((citation) => {
        const isSaid = verbatim.has(oneLine(citation.quote));
        const number = html`<span class="number" aria-hidden="true">${citation.id}</span>`;
        return html`<li class=${sure.has(citation.id) ? "" : "unsure"}>${citationRow(answer, citation, number, isSaid)}</li>`;
      })}</ol>
    </details>`;
}

// The documents, each once, with their pages.
function summary(answer) {
  const pages = new Map();
  for (const { document, page } of answer.citations) pages.set(document, (pages.get(document) ?? new Set()).add(page));
  const named = [...pages].slice(0, NAMED).map(([document, numbers], place) => {
    const before = place ? ", " : "";
    return html`${before}${nameView(document)} ${t("place.short", { page: [...numbers].sort((one, other) => one - other).join(", ") })}`;
  });
  return html`${named}${pages.size > NAMED ? "…" : nothing}`;
}

function nearest(answer) {
  const number = html`<span class="number" aria-hidden="true">≈</span>`;
  return html`
    <section class="quotes nearest">
      <h4>${t("answer.nearest")}</h4>
      <p class="quiet">${t("answer.nearest.hint")}</p>
      <ul>${answer.citations.map((citation) => html`<li>${citationRow(answer, citation, number, false)}</li>`)}</ul>
    </section>`;
}

function citationRow(answer, citation, number, isSaid) {
  const label = printed(citation);
  const values = { document: "", page: citation.page, label };
  const page = t(label ? "place.printed" : "place.page", values);
  return html`
    <button type="button" class="citation" @click=${(event) => openCitation(event, answer, citation)}>
      ${number}<span class="hidden">${answer.answered ? t("answer.quote", { id: citation.id }) : t("answer.near")}: </span>
      <span class="place">${elsewhere(citation) ? html`<span class="badge">${elsewhere(citation)}</span> ` : nothing}${nameView(citation.document)}${page}</span>
      ${isSaid ? html`<span class="verbatim">${t("answer.verbatim")}</span>` : html`<q>${oneLine(citation.quote)}</q>`}
    </button>
    <button type="button" class="icon-button" aria-label="${t("answer.copyQuote")} ${citation.id}" title=${t("answer.copyQuote")}
      @click=${() => copyQuote(citation)}>${icon("copy")}</button>`;
}
