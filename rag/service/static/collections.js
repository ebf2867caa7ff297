// Collections of documents: which there are, and the one that is asked. With one alone, the page shows nothing of them.

import { readAddress } from "./address.js";
import { begin } from "./conversation/asking.js";
import { t } from "./messages.js";
import * as service from "./service.js";
import { changed, say, state } from "./state.js";
import { html, nothing } from "./vendor/lit-html.js";
import { collectionName } from "./wording.js";
import { close } from "./viewer/viewer.js";

const KEPT = "pageproof.collection";

let reload = () => {};
export const reloadedBy = (how) => (reload = how);

// Looks up which there are. The first time, the one of the address is chosen, or the last one that was.
export async function lookUp() {
  const { collections, can_make: canMake } = await service.collections();
  const first = !state.collections.length;
  changed({ collections, canMake });
  if (first) use(readAddress()?.collection ?? remembered() ?? initial());
}

// Begins a conversation with another collection: what was asked of one is told to no other.
export async function choose(name, { keepsViewer = false } = {}) {
  if (name === state.chosen) return;
  begin();
  if (state.viewer && !keepsViewer) close();
  use(name);
  changed({ also: [], elsewhere: [] });
  changed({ index: null, documents: [], unread: [], published: null, onlyIn: new Set(), search: "", examples: [], collection: null });
  changed({ trouble: null, adding: null, removing: null, removed: "" });
  say(t("collections.said", { name: collectionName(name) }));
  await reload();
}

// The address may name a page of another collection.
export async function followAddress() {
  const shown = readAddress();
  if (shown && shown.collection !== state.chosen && shown.collection !== service.homeOf(shown.documentId)) await choose(shown.collection, { keepsViewer: true });
}

export async function make(name, bearer) {
  await service.makeCollection(name, bearer);
  await lookUp();
  await choose(name);
}

const isKnown = (name) => state.collections.some((each) => each.name === name);

// Without a default one, the first that has documents.
const initial = () => (state.collections.find(({ index }) => index) ?? state.collections[0])?.name ?? service.DEFAULT;

function use(name) {
  service.useCollection(name);
  changed({ chosen: name });
  try {
    if (name === service.DEFAULT) localStorage.removeItem(KEPT);
    else localStorage.setItem(KEPT, name);
  } catch {
    // Without storage, it holds until the page is closed.
  }
}

function remembered() {
  try {
    const kept = localStorage.getItem(KEPT);
    return isKnown(kept) ? kept : null;
  } catch {
    return null;
  }
}

export function collectionChoice() {
  const names = state.collections.map(({ name }) => name);
  if (names.length < 2 && (!names.length || names[0] === state.chosen)) return nothing;
  // One that has gone, or is of another key, is named, too.
  const listed = names.includes(state.chosen) ? names : [...names, state.chosen];
  return html`
    <label class="hidden" for="collection">${t("collections.choose")}</label>
    <select id="collection" title=${t("collections.choose")} ?disabled=${Boolean(state.adding?.busy)} @change=${(event) => choose(event.target.value)}>
      ${listed.map((name) => html`<option value=${name} .selected=${name === state.chosen}>${collectionName(name)}</option>`)}
    </select>`;
}

// Further collections that are asked with the chosen one, of those that are there.
export async function alsoAsk(names) {
  const also = names.filter((name) => name !== state.chosen && isKnown(name));
  changed({ also });
  // Their titles and authors are for references.
  const lists = await Promise.all(also.map((name) => service.documents(name).catch(() => ({ documents: [] }))));
  if (also === state.also) changed({ elsewhere: lists.flatMap(({ documents }) => documents) });
}

const toggled = (name) => (state.also.includes(name) ? state.also.filter((each) => each !== name) : [...state.also, name]);

// Which collections the next question is put to; nothing where there is one alone, or documents of it are ticked.
export function furtherChoice() {
  const others = state.collections.filter(({ name, index }) => index && name !== state.chosen).map(({ name }) => name);
  if (!others.length || state.onlyIn.size) return nothing;
  const asked = [state.chosen, ...state.also].map(collectionName).join(", ");
  return html`
    <details class="drop further">
      <summary>${t("collections.asked", { names: asked })}</summary>
      <fieldset class="dropped">
        <legend>${t("collections.also", { name: collectionName(state.chosen) })}</legend>
        ${others.map((name) => html`<label class="choice"><input type="checkbox" .checked=${state.also.includes(name)}
          @change=${() => alsoAsk(toggled(name))}> <span>${collectionName(name)}</span></label>`)}
      </fieldset>
    </details>`;
}
