// The conversation view: the input box, and each question with its answer. Everything from a document or from the model
// is put in as text.

import { quotes, sentencesView } from "./answer_view.js";
import { again, ask, isBusy, running, stop } from "./asking.js";
import { copy } from "./clipboard.js";
import { changed, state } from "./state.js";
import { html, nothing } from "./vendor/lit-html.js";
import { open } from "./viewer.js";
import {
  REASONS, confidence, copied, count, missing, nature, place, requestOf, seconds, status, supported, unsupported,
} from "./wording.js";

export function conversation(covered) {
  return html`
    <main class="conversation" aria-label="Conversation" ?inert=${covered}>
      <div class="turns">${state.turns.length ? state.turns.map(turnView) : welcome()}</div>
      ${box()}
    </main>`;
}

function welcome() {
  const documents = state.documents.length;
  return html`
    <section class="welcome">
      <h1>Ask your documents</h1>
      <p>Each sentence of an answer comes with quotes that support it, shown on their page. If the documents do not hold the answer, you are told so.</p>
      ${state.trouble ? html`<p class="notice" role="alert">${state.trouble}</p>` : nothing}
      ${documents ? html`<p class="quiet">${count(documents, "document")} can be asked.</p>` : nothing}
    </section>`;
}

function box() {
  const busy = running();
  const only = [...state.onlyIn];
  const longest = state.info?.limits.question_characters ?? 4000;
  return html`
    <form class="box" @submit=${submitted}>
      ${only.length
        ? html`<p class="filter">Only in ${only.length === 1 ? only[0] : count(only.length, "document")}
            <button type="button" class="link" @click=${() => changed({ onlyIn: new Set() })}>search in all</button></p>`
        : nothing}
      <label class="hidden" for="question">Question</label>
      <textarea id="question" rows="2" maxlength=${longest}
        placeholder=${state.turns.length ? "Ask a follow-up question" : "Ask a question"}
        .value=${state.draft} @input=${(event) => changed({ draft: event.target.value })} @keydown=${pressed}></textarea>
      <button type="submit" class="primary ${busy ? "stop" : ""}" aria-disabled=${busy || state.draft.trim() ? "false" : "true"}
        @click=${(event) => stopped(event, busy)}>${busy ? "Stop" : "Ask"}</button>
      ${state.draft.length >= longest ? html`<p class="filter">A question has at most ${longest} characters.</p>` : nothing}
    </form>`;
}

// One button for "Ask" and "Stop", so that the focus stays; a double click on "Ask" does not stop the answer.
function stopped(event, busy) {
  if (!busy) return;
  event.preventDefault();
  if (event.detail < 2) stop(busy);
}

function pressed(event) {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submitted(event);
}

function submitted(event) {
  event.preventDefault();
  const question = state.draft.trim();
  if (!question || running()) return;
  ask(question);
  // Text that was typed and sent within one frame was never rendered: for lit-html the box was empty all the time.
  document.querySelector("#question").value = "";
  requestAnimationFrame(() => document.querySelector(".turn:last-of-type")?.scrollIntoView({ block: "start" }));
}

function turnView(turn) {
  return html`
    <article class="turn ${turn.phase}" aria-busy=${["done", "failed", "stopped"].includes(turn.phase) ? "false" : "true"}>
      <h2>${turn.question}</h2>
      ${turn.documents.length ? html`<p class="quiet only">Only in ${turn.documents.join(", ")}</p>` : nothing}
      ${bodyOf(turn)}
    </article>`;
}

function bodyOf(turn) {
  switch (turn.phase) {
    case "done":
      return answerView(turn);
    case "failed":
      return html`${problemView(turn)}${turn.answer ? answerView(turn) : soFar(turn)}`;
    case "stopped":
      return html`<p class="quiet">Stopped.</p>${turn.answer ? answerView(turn) : html`${soFar(turn)}${retry(turn)}`}`;
    default:
      return progressView(turn);
  }
}

function progressView(turn) {
  return html`
    <p class="status"><span class="dot" aria-hidden="true"></span>${status(turn)}</p>
    ${turn.passages.length
      ? html`<ul class="passages" aria-label="Passages that are read">
          ${turn.passages.map((passage) => html`<li><button type="button" class="chip near" @click=${(event) => openPassage(event, passage)}>${place(passage)}</button></li>`)}
        </ul>`
      : nothing}
    ${soFar(turn)}`;
}

// Sentences that are verified are not withdrawn, whatever comes after them.
function soFar(turn) {
  return turn.sentences.length ? html`<div class="answer">${sentencesView(turn)}</div>` : nothing;
}

function openPassage(event, passage) {
  const shown = { documentId: passage.document_id, page: passage.page, start: passage.start, end: passage.end };
  open({ ...shown, near: true }, event.currentTarget);
}

function answerView(turn) {
  const answer = turn.answer;
  const title = answer.answered ? "" : REASONS[answer.reason];
  return html`
    <div class="answer ${nature(answer)}">
      ${title ? html`<h3>${title}</h3>` : nothing}
      ${answer.answered && supported(answer).length ? sentencesView(answer) : html`<p class="said lines">${answer.answer}</p>`}
      ${answer.missing.length ? html`<p class="fault">${missing(answer)}</p>` : nothing}
      ${answer.reason === "length" ? html`<p class="fault">The answer was cut off where it became too long.</p>` : nothing}
      ${leftOut(answer)}
      ${quotes(answer)}
      ${foot(turn)}
    </div>`;
}

function leftOut(answer) {
  const sentences = unsupported(answer);
  if (!sentences.length) return nothing;
  return html`
    <details class="unsupported">
      <summary>${count(sentences.length, "sentence")} left out: not borne out by the documents</summary>
      <ul>${sentences.map((sentence) => html`<li><span class="badge warning">Unsupported</span> ${sentence.text}</li>`)}</ul>
    </details>`;
}

function foot(turn) {
  const answer = turn.answer;
  return html`
    <footer>
      <span class="quiet">${confidence(answer)}${confidence(answer) ? " · " : ""}${seconds(answer.timings_ms.total ?? 0)}
        <span class="hidden">, </span><span title="Model, index and request">· ${answer.model} · ${answer.index}</span></span>
      <span class="actions">
        <button type="button" class="link" @click=${() => copy(copied(answer), "The answer was copied with its citations")}>Copy</button>
        ${retry(turn)}
      </span>
    </footer>`;
}

function retry(turn) {
  return html`<button type="button" class="link" ?disabled=${Boolean(running())} @click=${() => again(turn)}>Ask again</button>`;
}

function problemView(turn) {
  const problem = turn.problem;
  return html`
    <div class="problem" role="alert">
      <h3>${isBusy(problem) ? "Not now" : "Not answered"}</h3>
      <p>${problem.detail}</p>
      ${problem.retryAfter ? html`<p class="quiet">A place is likely to be free in ${count(problem.retryAfter, "second")}.</p>` : nothing}
      ${requestOf({ requestId: problem.requestId ?? turn.requestId })}
      ${retry(turn)}
    </div>`;
}
