// The document list: status of each document, and the selection of those to search.

import * as service from "./service.js";
import { changed, say, state } from "./state.js";
import { html, nothing } from "./vendor/lit-html.js";
import { open } from "./viewer.js";
import { ago, count, isWell, size } from "./wording.js";

const LOOK_EVERY = 5000;
// Longest list that is rendered: more rows would make typing in the filter slow.
const MOST = 200;
export async function refresh() {
  try {
    const { documents, unread, index, published } = await service.documents();
    const names = new Set(documents.map((each) => each.name));
    const onlyIn = new Set([...state.onlyIn].filter((name) => names.has(name)));
    changed({ documents, unread, index, published, onlyIn, trouble: null, keyNeeded: false });
  } catch (problem) {
    troubled(problem);
  }
}

// Questions cannot be sent now. If a key is needed, the form shows it.
export function troubled(problem) {
  changed(service.lacksKey(problem) ? { keyNeeded: true, trouble: null } : { trouble: problem.message });
}

// Follows the served generation: a new one is served as soon as it is published. A failed load is tried again.
export function followGenerations(load) {
  setInterval(async () => {
    if (document.hidden || state.keyNeeded) return;
    if (!state.info) return load();
    try {
      const { index } = await service.ready();
      if (index === state.index && !state.trouble) return;
      const before = state.index;
      await refresh();
      if (before) say("The documents have changed");
    } catch (problem) {
      troubled(problem);
    }
  }, LOOK_EVERY);
}

export function library() {
  const found = state.documents.filter((each) => isFound(`${each.names.join(" ")} ${each.title}`));
  const shown = found.slice(0, MOST);
  return html`
    <section class="panel" aria-label="Documents">
      <h2>Documents</h2>
      <label class="hidden" for="search">Search by name</label>
      <input id="search" type="search" placeholder="Search by name" .value=${state.search}
        @input=${(event) => changed({ search: event.target.value })}>
      ${state.trouble ? html`<p class="notice" role="alert">${state.trouble}</p>` : nothing}
      <ul class="documents">${shown.map(documentRow)}</ul>
      ${shown.length || !state.documents.length ? nothing : html`<p class="quiet">No document has such a name.</p>`}
      ${found.length > MOST ? html`<p class="quiet">And ${found.length - MOST} more: search by name.</p>` : nothing}
      ${unread()}
      <p class="quiet served">Index ${state.index ?? "–"}${state.published ? `, published ${ago(state.published)}` : ""}</p>
    </section>`;
}

function isFound(text) {
  return state.search.toLowerCase().split(/\s+/).every((word) => text.toLowerCase().includes(word));
}

function unread() {
  const found = state.unread.filter((each) => isFound(each.name));
  if (!found.length) return nothing;
  return html`
    <h3 id="unread">Could not be read</h3>
    <ul class="unread" aria-labelledby="unread">
      ${found.slice(0, MOST).map(
        (file) => html`<li><span class="name">${file.name}</span>
          <p class="fault"><span class="badge warning">${file.status}</span> ${file.reason ?? ""}</p></li>`,
      )}
    </ul>
    ${found.length > MOST ? html`<p class="quiet">And ${found.length - MOST} more: search by name.</p>` : nothing}`;
}

function documentRow(document) {
  // A later run reports the document as unchanged, still with the reason why parts are missing.
  const status = isWell(document.status) && document.reason ? "partial" : document.status;
  return html`
    <li>
      <label>
        <input type="checkbox" .checked=${state.onlyIn.has(document.name)} @change=${() => toggle(document.name)}
          aria-label="Ask only in ${document.name}">
      </label>
      <div>
        <button type="button" class="link name" @click=${(event) => open({ documentId: document.id, page: 1, start: 0, end: 0 }, event.currentTarget)}>${document.name}</button>
        <p class="quiet">${count(document.pages, "page")}, ${size(document.size)}${document.added ? `, added ${ago(document.added)}` : ""}</p>
        ${isWell(status) ? nothing : html`<p class="fault"><span class="badge warning">${status}</span> ${document.reason ?? ""}</p>`}
      </div>
    </li>`;
}

function toggle(name) {
  const onlyIn = new Set(state.onlyIn);
  if (!onlyIn.delete(name)) onlyIn.add(name);
  changed({ onlyIn });
}
