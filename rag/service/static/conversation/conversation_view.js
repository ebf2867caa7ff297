// The conversation: questions with their answers, and the box for the next one.

import { furtherChoice } from "../collections.js";
import { guideView } from "../guide/guide_view.js";
import { t } from "../messages.js";
import { nameView } from "../names.js";
import { changed, state } from "../state.js";
import { html, nothing } from "../vendor/lit-html.js";
import { ask, running, stop } from "./asking.js";
import { turnView } from "./turn_view.js";
import { welcome } from "./welcome.js";

const LONGEST = 4000;

export function conversation(covered) {
  return html`
    <main class="conversation" aria-label=${t("export.title")} ?inert=${covered}>
      <div class="turns">${state.guide ? guideView(asked) : state.turns.length ? turns() : welcome(asked)}</div>
      ${box()}
    </main>`;
}

const turns = () => state.turns.map((turn) => turnView(turn, turn === state.turns.at(-1), asked));

function box() {
  const busy = running();
  const only = [...state.onlyIn];
  const longest = state.info?.limits.question_characters ?? LONGEST;
  const named = only.length === 1 ? nameView(only[0]) : t("documents.ticked", { count: only.length });
  return html`
    <form class="box" @submit=${submitted}>
      ${only.length
        ? html`<p class="filter">${only.length === 1 ? t("box.only", { documents: "" }) : nothing}${named}
            <button type="button" class="link" @click=${() => changed({ onlyIn: new Set() })}>${t("box.all")}</button></p>`
        : nothing}
      ${furtherChoice()}
      <label class="hidden" for="question">${t("box.question")}</label>
      <textarea id="question" rows="2" maxlength=${longest} placeholder=${t(state.turns.length ? "box.next" : "box.first")}
        .value=${state.draft} @input=${(event) => typed(event.target.value, longest)} @keydown=${pressed}></textarea>
      <button type="submit" class="primary ${busy ? "stop" : ""}" aria-disabled=${busy || state.draft.trim() ? "false" : "true"}
        @click=${(event) => stopped(event, busy)}>${t(busy ? "box.stop" : "box.ask")}</button>
      ${state.draft.length >= longest ? html`<p class="filter">${t("box.longest", { count: longest })}</p>` : nothing}
    </form>`;
}

// Only what the box shows of its text is drawn again: each letter would wait for a list of 200 documents.
function typed(text, longest) {
  const shown = (draft) => `${Boolean(draft.trim())} ${draft.length >= longest}`;
  const before = state.draft;
  state.draft = text;
  if (shown(before) !== shown(text)) changed();
}

// One button for "Ask" and "Stop", so that the focus stays; of a double click only the first one counts: that on "Ask"
// does not stop the answer, and that on "Stop" does not ask what was typed meanwhile.
function stopped(event, busy) {
  if (busy || event.detail > 1) event.preventDefault();
  if (busy && event.detail < 2) stop(busy);
}

function pressed(event) {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submitted(event);
}

function submitted(event) {
  event.preventDefault();
  const question = state.draft.trim();
  if (question) asked(question);
}

function asked(question) {
  if (running()) return;
  changed({ guide: null });
  ask(question);
  // Text that was typed and sent within one frame was never rendered: for lit-html the box was empty all the time.
  const box = document.querySelector("#question");
  box.value = "";
  // The keyboard on the screen would cover the answer.
  if (matchMedia("(pointer: coarse)").matches) box.blur();
  requestAnimationFrame(() => document.querySelector(".turn:last-of-type")?.scrollIntoView({ block: "start" }));
}
