// Questions to go on with after an answer: some that the documents answer, as the service has tried.

import { running } from "../conversation/asking.js";
import { t } from "../messages.js";
import { changed, state } from "../state.js";
import { html, nothing } from "../vendor/lit-html.js";
import { guideOf } from "./guides.js";

const MOST = 3;
const MOST_DOCUMENTS = 3;
// Pages around a citation on which a question is about the same matter.
const NEAR = 2;

export function followUps(turn, ask) {
  if (running() || !turn.answer?.answered || !state.collection || state.collection.state === "off") return nothing;
  if (turn.suggested === undefined) look(turn);
  const asked = new Set(state.turns.map(({ question }) => plain(question)));
  const left = (turn.suggested ?? []).filter(({ question }) => !asked.has(plain(question))).slice(0, MOST);
  if (!left.length) return nothing;
  return html`
    <nav class="follow-ups" aria-labelledby="next">
      <h3 id="next">${t("guide.next")}</h3>
      <ul>${left.map(({ question }) => html`<li><button type="button" class="example" @click=${() => ask(question)}>${question}</button></li>`)}</ul>
    </nav>`;
}

async function look(turn) {
  turn.suggested = [];
  const { citations } = turn.answer;
  const ids = [...new Set(citations.map((citation) => citation.document_id))].slice(0, MOST_DOCUMENTS);
  const guides = await Promise.all(ids.map((id) => guideOf(id).catch(() => ({ questions: [] }))));
  const said = new Set(wordsOf(`${turn.question} ${turn.answer.answer}`));
  const value = ({ question, page, document_id: id }) =>
    wordsOf(question).filter((word) => said.has(word)).length +
    (citations.some((citation) => citation.document_id === id && Math.abs(citation.page - page) <= NEAR) ? 2 : 0);
  const found = guides.flatMap(({ questions }) => questions).map((each) => ({ ...each, value: value(each) }));
  turn.suggested = found.sort((one, other) => other.value - one.value);
  if (turn.suggested.length) changed();
}

const plain = (text) => wordsOf(text).join(" ");
const wordsOf = (text) => text.toLowerCase().match(/[\p{L}\p{N}]{3,}/gu) ?? [];
