// The guide of a document: what it is, what it says, its topics, and questions that it answers.

import { sentencesView } from "../answer/answer_view.js";
import { isMadeOf } from "../answer/reference.js";
import { fileIcon, icon } from "../icons.js";
import { known, t } from "../messages.js";
import { nameView } from "../names.js";
import * as service from "../service.js";
import { changed, state } from "../state.js";
import { html, nothing } from "../vendor/lit-html.js";
import { open } from "../viewer/viewer.js";
import { oneLine } from "../wording.js";
import { closeGuide } from "./guides.js";

let pictured = { id: null, source: null }; // the picture of the first page

export function guideView(ask) {
  const { id, told, problem } = state.guide;
  const document = state.documents.find((each) => each.id === id);
  const name = told?.document ?? document?.name ?? "";
  const title = oneLine(told?.title ?? document?.title ?? "");
  const isTitled = title && !isMadeOf(title, name);
  return html`
    <article class="guide" aria-labelledby="guide-title">
      <header>
        ${thumbnail(id, name)}
        <div>
          <p class="quiet">${t("guide.of")}</p>
          <h1 id="guide-title" tabindex="-1">${isTitled ? title : nameView(name)}</h1>
          ${isTitled ? html`<p class="quiet">${nameView(name)}</p>` : nothing}
          ${told ? html`<p class="facts">${factsOf(told).map((fact) => html`<span>${fact}</span>`)}</p>` : nothing}
          <p class="actions">
            <button type="button" @click=${(event) => open({ documentId: id, page: 1, start: 0, end: 0 }, event.currentTarget)}>${t("guide.open")}</button>
            <button type="button" @click=${() => changed({ onlyIn: new Set([name]) })}>${t("guide.only")}</button>
          </p>
        </div>
        <button type="button" class="icon-button" aria-label=${t("guide.close")} title=${t("guide.close.title")} @click=${closeGuide}>${icon("close")}</button>
      </header>
      ${problem ? html`<p class="notice" role="alert">${problem.message}</p>` : nothing}
      ${told ? parts(told, ask) : nothing}
    </article>`;
}

function parts(told, ask) {
  return html`
    ${told.state === "ready" ? nothing : html`<p class="quiet" role="status">${t(`guide.${told.state}`)}</p>`}
    ${told.summary.length ? html`<h2>${t("guide.summary")}</h2>${sentencesView(summaryOf(told))}` : nothing}
    ${told.topics.length ? html`<h2 id="topics">${t("guide.topics")}</h2>${topics(told.topics)}` : nothing}
    ${told.questions.length ? html`<h2 id="answers">${t("guide.questions")}</h2>${questions(told.questions, ask)}` : nothing}`;
}

const factsOf = (told) =>
  [
    told.kind ? known(`kind.${told.kind}`, told.kind) : "",
    t("documents.pages", { count: told.pages }),
    oneLine(told.author ?? ""),
    told.created ?? "",
    told.language ?? "",
  ].filter(Boolean);

// As an answer has it, whose sentences have numbers for their quotes.
export const summaryOf = ({ document_id: id = "all", summary, citations }) => ({
  id: `guide-${id}`,
  sentences: summary.map((sentence) => ({ ...sentence, kind: "detail", verdict: "supported", confidence: null })),
  citations,
  certainty: null,
});

export function topics(listed) {
  const show = (event, topic) => open({ documentId: topic.document_id, page: topic.page, start: topic.start, end: topic.end, near: true }, event.currentTarget);
  return html`
    <ul class="topics" aria-label=${t("guide.topics")}>
      ${listed.map((topic) => html`<li><button type="button" class="chip" title=${t("place.page", topic)} @click=${(event) => show(event, topic)}>${oneLine(topic.text)}</button></li>`)}
    </ul>`;
}

function questions(listed, ask) {
  return html`
    <ul class="examples" aria-labelledby="answers">
      ${listed.map(({ question }) => html`<li><button type="button" class="example" @click=${() => ask(question)}>${question}</button></li>`)}
    </ul>`;
}

function thumbnail(id, name) {
  if (!name.toLowerCase().endsWith(".pdf")) return fileIcon(name);
  if (pictured.id !== id) draw(id);
  return pictured.source ? html`<img class="thumbnail" src=${pictured.source} alt="">` : html`<span class="thumbnail"></span>`;
}

async function draw(id) {
  pictured = { id, source: null };
  try {
    const source = await service.decodedPicture(id, 1);
    if (pictured.id === id) pictured.source = source;
    changed();
  } catch {
    // The guide is whole without it.
  }
}
