// One question with its answer. Everything from a document or from the model is put in as text.

import { sentencesView } from "../answer/answer_view.js";
import { foot } from "../answer/foot.js";
import { markdownView } from "../answer/markdown_view.js";
import { sources } from "../answer/sources.js";
import { followUps } from "../guide/follow_ups.js";
import { icon } from "../icons.js";
import { t } from "../messages.js";
import { changedNow, state } from "../state.js";
import { html, nothing } from "../vendor/lit-html.js";
import {
  collectionName, missing, nature, oneLine, reason, requestOf, supported, translated, unsupported,
} from "../wording.js";
import { again, askOtherwise, detailOf, isBusy, isWorking, running, TOO_MANY } from "./asking.js";
import { progressView } from "./progress.js";

// `ask` sends another question.
export function turnView(turn, isLast, ask) {
  return html`
    <article class="turn ${turn.phase}" aria-busy=${isWorking(turn) ? "true" : "false"}>
      ${turn.editing ? editor(turn) : question(turn, isLast)}
      ${turn.documents.length ? html`<p class="quiet only">${t("box.only", { documents: turn.documents.join(", ") })}</p>` : nothing}
      ${turn.also?.length ? html`<p class="quiet only">${t("collections.alsoIn", { names: turn.also.map(collectionName).join(", ") })}</p>` : nothing}
      ${bodyOf(turn)}
      ${isLast && turn.phase === "done" ? followUps(turn, ask) : nothing}
    </article>`;
}

function question(turn, isLast) {
  return html`
    <div class="asked">
      <h2>${turn.question}</h2>
      ${isLast && !running()
        ? html`<button type="button" class="icon-button" aria-label=${t("turn.edit")} title=${t("turn.edit")} @click=${() => edit(turn)}>${icon("edit")}</button>`
        : nothing}
    </div>`;
}

function edit(turn) {
  turn.editing = true;
  changedNow();
  document.querySelector(".editor textarea")?.focus();
}

function editor(turn) {
  const cancel = () => {
    turn.editing = false;
    changedNow();
    document.querySelector(".turn:last-of-type .asked button")?.focus();
  };
  const send = (event) => {
    event.preventDefault();
    const text = event.target.closest("form").elements.question.value.trim();
    if (text && !running()) askOtherwise(turn, text);
  };
  const pressed = (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) send(event);
    if (event.key === "Escape") {
      event.stopPropagation();
      cancel();
    }
  };
  return html`
    <form class="editor" @submit=${send} @keydown=${pressed}>
      <textarea name="question" rows="2" aria-label=${t("turn.edited")} maxlength=${state.info?.limits.question_characters ?? 4000} .value=${turn.question}></textarea>
      <span class="actions"><button type="submit" class="primary">${t("turn.ask")}</button>
        <button type="button" @click=${cancel}>${t("turn.cancel")}</button></span>
    </form>`;
}

function bodyOf(turn) {
  return html`${beforeAnswer(turn)}${answerView(turn)}${turn.phase === "stopped" && !turn.answer ? retry(turn) : nothing}`;
}

function beforeAnswer(turn) {
  if (isWorking(turn)) return progressView(turn);
  if (turn.phase === "failed") return problemView(turn);
  return turn.phase === "stopped" ? html`<p class="quiet">${t("turn.stopped")}</p>` : nothing;
}

// An answer, or the sentences of it that have come: verified ones are not withdrawn, whatever comes after them. The whole
// answer keeps their elements, and so the focus and what is selected.
function answerView(turn) {
  const answer = isWorking(turn) ? null : turn.answer;
  if (!answer && !turn.sentences.length) return nothing;
  const isQuoted = !answer || (answer.answered && supported(answer).length);
  return html`
    <div class=${answer ? `answer ${nature(answer)}` : "answer"}>
      ${answer && !answer.answered && reason(answer) ? html`<h3>${reason(answer)}</h3>` : nothing}
      ${isQuoted ? sentencesView(answer ?? turn) : markdownView(answer.answer)}
      ${translated(answer ?? turn) ? html`<p class="quiet translated">${translated(answer ?? turn)}</p>` : nothing}
      ${answer ? afterAnswer(turn) : nothing}
    </div>`;
}

function afterAnswer(turn) {
  const { answer } = turn;
  return html`
    ${answer.missing.length ? html`<p class="fault">${missing(answer)}</p>` : nothing}
    ${answer.reason === "length" ? html`<p class="fault">${t("answer.cut")}</p>` : nothing}
    ${leftOut(answer)}
    ${sources(answer)}
    ${foot(turn, again)}`;
}

function leftOut(answer) {
  const sentences = unsupported(answer);
  if (!sentences.length) return nothing;
  return html`
    <details class="unsupported">
      <summary>${t("answer.leftOut", { count: sentences.length })}</summary>
      <ul>${sentences.map((sentence) => html`<li><span class="badge warning">${t("answer.unsupported")}</span> ${oneLine(sentence.text)}</li>`)}</ul>
    </details>`;
}

function retry(turn) {
  return html`<button type="button" class="link" ?disabled=${Boolean(running())} @click=${() => again(turn)}>${t("turn.again")}</button>`;
}

function problemView(turn) {
  const problem = turn.problem;
  return html`
    <div class="problem" role="alert">
      <h3>${t(isBusy(problem) ? "turn.notNow" : "turn.notAnswered")}</h3>
      <p>${detailOf(problem)}</p>
      ${problem.retryAfter && problem.status !== TOO_MANY ? html`<p class="quiet">${t("turn.free", { count: problem.retryAfter })}</p>` : nothing}
      ${requestOf({ requestId: problem.requestId ?? turn.requestId })}
      ${retry(turn)}
    </div>`;
}
