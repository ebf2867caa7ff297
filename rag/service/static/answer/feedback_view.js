// What a person says of an answer: right, or wrong and what it should be; kept by the service, for who measures it.

import { keepNow } from "../conversation/asking.js";
import { t } from "../messages.js";
import * as service from "../service.js";
import { changed, changedNow, say, state } from "../state.js";
import { html, nothing } from "../vendor/lit-html.js";

// Longer lists of documents are typed, not scrolled.
const LIST = "feedback-documents";

export function feedback(turn) {
  // An answer from several collections is kept by none of them.
  if (!state.info?.feedback || !turn.answer.id || turn.answer.collections?.length) return nothing;
  const said = turn.feedback ?? {};
  const button = (verdict, act) =>
    html`<button type="button" class="verdict" aria-pressed=${said.verdict === verdict ? "true" : "false"} ?disabled=${Boolean(said.sending)} @click=${act}>${t(`feedback.${verdict}`)}</button>`;
  return html`
    <div class="feedback" role="group" aria-label=${t("feedback.title")}>
      <span class="actions"><span class="quiet">${t("feedback.ask")}</span>
        ${button("right", () => send(turn, { verdict: "right" }))}
        ${button("wrong", () => begin(turn))}</span>
      ${said.open ? form(turn, said) : nothing}
      ${said.problem ? html`<p class="fault" role="alert">${said.problem}</p>` : nothing}
      ${said.kept && !said.open ? html`<p class="quiet">${t("feedback.kept")}</p>` : nothing}
    </div>`;
}

function begin(turn) {
  turn.feedback = { ...turn.feedback, open: true, problem: null };
  changedNow();
  document.querySelector(".feedback textarea")?.focus();
}

function form(turn, said) {
  const open = state.viewer?.name ? state.viewer : null;
  const submit = (event) => {
    event.preventDefault();
    send(turn, wrong(new FormData(event.target)));
  };
  const pressed = (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    cancel(turn, event.currentTarget);
  };
  const fill = (event) => {
    const { elements } = event.target.closest("form");
    [elements.document.value, elements.page.value] = [open.name, open.now];
  };
  return html`
    <form @submit=${submit} @keydown=${pressed}>
      <label>${t("feedback.expected")}<textarea name="expected" rows="2" maxlength="2000"></textarea></label>
      ${turn.answer.answered ? html`<label class="choice"><input type="checkbox" name="absent">${t("feedback.absent")}</label>` : nothing}
      <fieldset>
        <legend>${t("feedback.place")}</legend>
        <label>${t("feedback.document")}<input name="document" list=${LIST} autocomplete="off"></label>
        <datalist id=${LIST}>${state.documents.map(({ name }) => html`<option value=${name}></option>`)}</datalist>
        <label>${t("feedback.page")}<input name="page" type="number" min="1" inputmode="numeric"></label>
        ${open ? html`<button type="button" class="link" @click=${fill}>${t("feedback.open", { document: open.name, page: open.now })}</button>` : nothing}
      </fieldset>
      <span class="actions"><button type="submit" class="primary" ?disabled=${Boolean(said.sending)}>${t("feedback.send")}</button>
        <button type="button" @click=${(event) => cancel(turn, event.currentTarget)}>${t("feedback.cancel")}</button></span>
    </form>`;
}

// What is left empty is not said.
function wrong(fields) {
  const absent = fields.has("absent");
  const text = (name) => fields.get(name).trim();
  return {
    verdict: "wrong",
    ...(absent ? { absent } : {}),
    ...(!absent && text("expected") ? { expected: text("expected") } : {}),
    ...(!absent && text("document") ? { document: text("document"), page: Number(text("page")) || 1 } : {}),
  };
}

async function send(turn, body) {
  if (turn.feedback?.sending) return;
  turn.feedback = { ...turn.feedback, sending: true, problem: null };
  changed();
  try {
    await service.sendFeedback(turn.answer.id, body);
    turn.feedback = { verdict: body.verdict, kept: true };
    keepNow(turn);
    say(t("feedback.kept"));
  } catch (problem) {
    turn.feedback = { ...turn.feedback, sending: false, problem: problem.message };
    if (service.lacksKey(problem)) changed({ keyNeeded: true });
  }
  changed();
}

function cancel(turn, from) {
  const button = from.closest(".feedback").querySelectorAll(".verdict")[1];
  turn.feedback = { ...turn.feedback, open: false, problem: null };
  changed();
  button.focus();
}
