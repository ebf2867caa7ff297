// The sentences of an answer: paragraphs, steps, lists and tables, built as elements; all text is put in as text.

import { blocksOf, labelled, rowsOf } from "./blocks.js";
import { html, nothing } from "./vendor/lit-html.js";
import { open } from "./viewer.js";
import { isUnsure, oneLine, place, supported } from "./wording.js";

// `answer` is a whole one, or what has come of it so far: sentences and citations.
export function sentencesView(answer) {
  const sentences = supported(answer);
  const first = sentences.find((sentence) => isUnsure(sentence, answer));
  const parts = (sentence) => ({
    name: isUnsure(sentence, answer) ? "sentence unsure" : "sentence",
    badge: sentence === first ? html`<span class="badge">Possibly</span> ` : nothing,
    marks: marks(answer, sentence),
  });
  return html`<div class="said">${blocksOf(sentences).map((block) => VIEWS[block.shape](block, parts))}</div>`;
}

const VIEWS = {
  paragraph: ({ sentences }, parts) => html`<p>${sentences.map((sentence) => html`${sentenceView(sentence, parts(sentence))} `)}</p>`,
  steps: ({ sentences, number }, parts) =>
    html`<ol class="steps" start=${number}>${sentences.map((sentence) => html`<li>${sentenceView(sentence, parts(sentence))}</li>`)}</ol>`,
  items: ({ sentences }, parts) =>
    html`<ul class="items">${sentences.map((sentence) => html`<li>${sentenceView(sentence, parts(sentence))}</li>`)}</ul>`,
  table: tableView,
};

function sentenceView(sentence, { name, badge, marks: chips }) {
  const [label, text] = labelled(sentence);
  return html`${badge}<span class=${name}>${label ? html`<b>${label}</b>` : nothing}${text}${chips}</span>`;
}

function tableView(block, parts) {
  const [head, ...rows] = rowsOf(block).map((cells, number) => {
    const { name, badge, marks: chips } = parts(block.sentences[number]);
    return { cells, name, before: (place) => (place ? nothing : badge), after: (place) => (place < cells.length - 1 ? nothing : chips) };
  });
  return html`
    <div class="wide" tabindex="0" role="group" aria-label="Table">
      <table>
        <thead><tr class=${head.name}>${head.cells.map((cell, place) => html`<th scope="col">${head.before(place)}${cell}${head.after(place)}</th>`)}</tr></thead>
        <tbody>${rows.map((row) => html`<tr class=${row.name}>${row.cells.map((cell, place) => html`<td>${row.before(place)}${cell}${row.after(place)}</td>`)}</tr>`)}</tbody>
      </table>
    </div>`;
}

function marks(answer, sentence) {
  const cited = answer.citations.filter((citation) => sentence.citations.includes(citation.id));
  return cited.map(
    (citation) => html`<button type="button" class="mark" aria-label="Citation ${citation.id}: ${place(citation)}"
      title=${place(citation)} @click=${(event) => openCitation(event, answer, citation)}>${citation.id}</button>`,
  );
}

export function quotes(answer) {
  if (!answer.citations.length) return nothing;
  const sure = new Set(supported(answer).filter((sentence) => !isUnsure(sentence, answer)).flatMap((sentence) => sentence.citations));
  return html`
    <section class="quotes">
      <h4>${heading(answer, sure)}</h4>
      <ol>
        ${answer.citations.map(
          (citation) => html`
            <li class=${answer.answered && !sure.has(citation.id) ? "unsure" : ""}>
              <button type="button" class="citation" @click=${(event) => openCitation(event, answer, citation)}>
                <span class="number" aria-hidden="true">${citation.id}</span>
                <span class="hidden">Citation ${citation.id}: </span>
                <span class="place">${place(citation)}</span>
                <q>${oneLine(citation.quote)}</q>
              </button>
            </li>`,
        )}
      </ol>
    </section>`;
}

function heading(answer, sure) {
  if (!answer.answered) return "Nearest passages";
  return sure.size ? "Where it stands" : "What it is taken from";
}

function openCitation(event, answer, citation) {
  const shown = { documentId: citation.document_id, page: citation.page, start: citation.start, end: citation.end };
  open({ ...shown, near: answer.answered === false, citations: answer.citations }, event.currentTarget);
}
