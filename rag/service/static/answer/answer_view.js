// The sentences of an answer: paragraphs, steps, lists and tables, built as elements; all text is put in as text.

import { t } from "../messages.js";
import { html, nothing } from "../vendor/lit-html.js";
import { isUnsure, supported } from "../wording.js";
import { blocksOf, labelled, oneLine, rowsOf } from "./blocks.js";
import { citationMark } from "./citation_mark.js";

// `answer` is a whole one, or what has come of it so far: sentences and citations.
export function sentencesView(answer) {
  const sentences = supported(answer);
  const first = sentences.find((sentence) => isUnsure(sentence, answer));
  const parts = (sentence) => ({
    name: isUnsure(sentence, answer) ? "sentence unsure" : "sentence",
    badge: sentence === first ? html`<span class="badge">${t("answer.possibly")}</span> ` : nothing,
    marks: marks(answer, sentence, sentences.indexOf(sentence)),
  });
  return html`<div class="said">${blocksOf(sentences).map((block) => VIEWS[block.shape](block, parts))}</div>`;
}

// Characters of a direct answer that is set in larger letters; longer text would be tiring in these.
const SHORT = 280;
const LONGEST_WORD = 20;

const isShort = (sentences) => sentences[0].kind === "lead" && sentences.reduce((length, { text }) => length + text.length, 0) <= SHORT;

// Of a long paragraph the direct answer stands by itself, so that it is seen.
function paragraphsOf([first, ...others]) {
  const isLed = others.length && !isShort([first, ...others]) && isShort([first]);
  return isLed ? [[first], others] : [[first, ...others]];
}

const VIEWS = {
  paragraph: ({ sentences }, parts) => paragraphsOf(sentences).map((said) =>
    html`<p class=${isShort(said) ? "lead" : ""}>${said.map((sentence) => html`${sentenceView(sentence, parts(sentence))} `)}</p>`),
  steps: ({ sentences, number }, parts) =>
    html`<ol class="steps" start=${number}>${sentences.map((sentence) => html`<li>${sentenceView(sentence, parts(sentence))}</li>`)}</ol>`,
  items: ({ sentences }, parts) =>
    html`<ul class="items">${sentences.map((sentence) => html`<li>${sentenceView(sentence, parts(sentence))}</li>`)}</ul>`,
  table: tableView,
};

function sentenceView(sentence, { name, badge, marks: chips }) {
  const [label, text] = labelled(sentence);
  return html`${badge}<span class=${name} title=${sentence.original ? oneLine(sentence.original) : nothing}>${label ? html`<b>${label}</b>` : nothing}${withMarks(text, chips)}</span>`;
}

// A number stays with the word before it.
function withMarks(text, chips) {
  const at = text.lastIndexOf(" ") + 1;
  if (!chips.length || text.length - at > LONGEST_WORD) return html`<span class="words">${text}</span>${chips}`;
  return html`<span class="words">${text.slice(0, at)}</span><span class="together"><span class="words">${text.slice(at)}</span>${chips}</span>`;
}

// Columns that a phone shows without scrolling. The numbers of a wider row stand in its first cell, to be seen with it.
const SEEN_COLUMNS = 3;

function tableView(block, parts) {
  const [head, ...rows] = rowsOf(block).map((cells, number) => {
    const { name, badge, marks: chips } = parts(block.sentences[number]);
    const cited = cells.length > SEEN_COLUMNS ? 0 : cells.length - 1;
    return { cells, name, before: (place) => (place ? nothing : badge), after: (place) => (place === cited ? chips : nothing) };
  });
  const cell = (row, text, place) => html`${row.before(place)}<span class="words">${text}</span>${row.after(place)}`;
  return html`
    <div class="wide" tabindex="0" role="group" aria-label=${t("answer.table")}>
      <table>
        <thead><tr class=${head.name}>${head.cells.map((text, place) => html`<th scope="col">${cell(head, text, place)}</th>`)}</tr></thead>
        <tbody>${rows.map((row) => html`<tr class=${row.name}>${row.cells.map((text, place) => html`<td>${cell(row, text, place)}</td>`)}</tr>`)}</tbody>
      </table>
    </div>`;
}

function marks(answer, sentence, number) {
  const cited = answer.citations.filter((citation) => sentence.citations.includes(citation.id));
  return cited.map((citation) => citationMark(answer, sentence, number, citation));
}
