// Earlier conversations of this browser: found, opened, renamed, saved and deleted.

import { saveConversation } from "../answer/export.js";
import { printConversation } from "../answer/printing.js";
import { icon } from "../icons.js";
import { t } from "../messages.js";
import { changed, changedNow, say, state } from "../state.js";
import { html, nothing } from "../vendor/lit-html.js";
import { ago } from "../wording.js";
import { begin, reopen } from "./asking.js";
import { forget, MOST, nameOf, remove, rename, restore, search } from "./history.js";

export function pastConversations() {
  const found = search(state.past, state.pastSearch);
  return html`
    <section class="panel" aria-label=${t("earlier.region")}>
      <h2>${t("earlier.title")}</h2>
      <p class="quiet">${t("earlier.kept", { count: MOST })}</p>
      ${state.past.length
        ? html`<label class="hidden" for="past-search">${t("earlier.search")}</label>
            <input id="past-search" type="search" placeholder=${t("earlier.find")} .value=${state.pastSearch}
              @input=${(event) => changed({ pastSearch: event.target.value })}>`
        : nothing}
      ${state.deleted ? deleted() : nothing}
      <ul class="past">${found.map((each) => html`<li>${state.renaming === each.id ? renamer(each) : row(each)}</li>`)}</ul>
      ${!state.past.length ? html`<p class="quiet">${t("earlier.none")}</p>` : nothing}
      ${state.past.length && !found.length ? html`<p class="quiet">${t("earlier.notFound")}</p>` : nothing}
      ${state.past.length ? forgetting() : nothing}
    </section>`;
}

function row(conversation) {
  const name = nameOf(conversation);
  const action = (drawing, key, act) => {
    const label = t("earlier.of", { action: t(key), name });
    return html`<button type="button" class="icon-button" aria-label=${label} title=${t(key)} @click=${act}>${icon(drawing)}</button>`;
  };
  return html`
    <div class="item">
      <button type="button" class="row-title" aria-current=${conversation.id === state.conversation ? "true" : "false"} @click=${() => reopen(conversation)}>${name}</button>
      <p class="quiet">${t("earlier.questions", { count: conversation.turns.length })}, ${ago(conversation.time)}${conversation.collection ? ` · ${conversation.collection}` : ""}</p>
    </div>
    <span class="actions">
      ${action("edit", "earlier.rename", () => startRenaming(conversation))}
      ${action("save", "earlier.export", () => saveConversation(conversation))}
      ${action("print", "print.conversation", () => printConversation(conversation, name))}
      ${action("trash", "earlier.delete", () => removed(conversation))}
    </span>`;
}

function startRenaming(conversation) {
  changedNow({ renaming: conversation.id });
  document.querySelector("#new-name")?.select();
}

function renamer(conversation) {
  const save = (event) => {
    event.preventDefault();
    changed({ past: rename(conversation.id, event.target.elements.name.value), renaming: null });
  };
  const pressed = (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    changed({ renaming: null });
  };
  return html`
    <form class="renamer" @submit=${save} @keydown=${pressed}>
      <input id="new-name" name="name" maxlength="200" aria-label=${t("earlier.renamed")} .value=${nameOf(conversation)}>
      <button type="submit">${t("earlier.save")}</button>
    </form>`;
}

// The one that is open goes from the page, too: its next answer, which may be at work, would bring it back.
function removed(conversation) {
  if (conversation.id === state.conversation) begin();
  changed({ past: remove(conversation.id), deleted: conversation, panel: "history" });
  say(t("earlier.deleted"));
}

function deleted() {
  const undo = () => changed({ past: restore(state.deleted), deleted: null });
  return html`<p class="notice">${t("earlier.deleted")}. <button type="button" class="link" @click=${undo}>${t("earlier.undo")}</button></p>`;
}

// Nothing can bring them back: this is asked about first.
function forgetting() {
  const ask = () => {
    changedNow({ forgetting: true });
    document.querySelector(".forgetting button:last-of-type").focus();
  };
  const keep = () => {
    changedNow({ forgetting: false });
    document.querySelector("#forget")?.focus();
  };
  const pressed = (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    keep();
  };
  if (!state.forgetting) return html`<p><button type="button" id="forget" class="link" @click=${ask}>${t("earlier.forget")}</button></p>`;
  return html`
    <div class="removal forgetting" role="group" aria-label=${t("earlier.forget")} @keydown=${pressed}>
      <p>${t("earlier.forget.sure", { count: state.past.length })}</p>
      <span class="actions"><button type="button" @click=${forgotten}>${t("earlier.forget.yes")}</button>
        <button type="button" @click=${keep}>${t("earlier.forget.no")}</button></span>
    </div>`;
}

function forgotten() {
  begin();
  changed({ past: forget(), panel: "history", deleted: null, pastSearch: "", forgetting: false });
}
