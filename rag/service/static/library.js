// The document list: status of each document, and the selection of those to search.

import { canRemove, isEmpty } from "./adding/sending.js";
import { removal, removalButton } from "./adding/removal_view.js";
import { isMadeOf } from "./answer/reference.js";
import { openGuide } from "./guide/guides.js";
import { fileIcon, icon } from "./icons.js";
import { known, t } from "./messages.js";
import { nameView } from "./names.js";
import { CHOICES, prefer, preference } from "./preferences.js";
import { changed, state } from "./state.js";
import { html, nothing } from "./vendor/lit-html.js";
import { open } from "./viewer/viewer.js";
import { ago, asSentence, isWell, oneLine, size } from "./wording.js";

// Longest list that is rendered: more rows would make typing in the filter slow.
const MOST = 200;
// Fewer documents need no order and no search.
const MANY = 2;

const ORDERS = {
  name: (one, other) => byText(folderOf(one.name), folderOf(other.name)) || byText(one.name, other.name),
  title: (one, other) => byText(one.title, other.title),
  added: (one, other) => (other.added ?? "").localeCompare(one.added ?? "") || byText(one.name, other.name),
  pages: (one, other) => other.pages - one.pages || byText(one.name, other.name),
};
// Empty for a file that is in none.
const folderOf = (name) => name.slice(0, Math.max(0, name.lastIndexOf("/")));
const byText = new Intl.Collator("en", { numeric: true, sensitivity: "base" }).compare;

export function library() {
  const found = state.documents.filter((each) => isFound(`${each.names.join(" ")} ${each.title}`));
  const shown = found.sort(ORDERS[preference("sort")]).slice(0, MOST);
  return html`
    <section class="panel" aria-label=${t("documents.title")}>
      <h2>${t("documents.title")}</h2>
      ${state.trouble && !isEmpty() ? html`<p class="notice" role="alert">${state.trouble}</p>` : nothing}
      ${state.removed ? html`<p class="notice">${state.removed}</p>` : nothing}
      ${vectorsPending()}
      ${state.documents.length >= MANY ? finding() : nothing}
      ${state.documents.length >= MANY ? ticking(shown) : nothing}
      <ul class="documents">${shown.map((document, place) => html`${folderRow(shown, place, found)}${documentRow(document)}`)}</ul>
      ${shown.length || !state.documents.length ? nothing : html`<p class="quiet">${t("documents.none")}</p>`}
      ${found.length > MOST ? html`<p class="quiet">${t("documents.more", { count: found.length - MOST })}</p>` : nothing}
      ${unread()}
      ${isEmpty() ? html`<p class="quiet">${t("welcome.empty")}</p>` : nothing}
      ${state.index ? html`<p class="quiet served">${state.published
        ? t("documents.published", { index: state.index, ago: ago(state.published) })
        : t("documents.index", { index: state.index })}</p>` : nothing}
    </section>`;
}

// While only words can be searched: how many vectors are computed.
function vectorsPending() {
  const at = state.info?.vectors;
  if (!at) return nothing;
  return html`<p class="notice" role="status">${t("documents.vectors", { percent: Math.floor((100 * at.done) / Math.max(at.total, 1)) })}</p>`;
}

function finding() {
  return html`
    <div class="finding">
      <label class="hidden" for="search">${t("documents.search")}</label>
      <input id="search" type="search" placeholder=${t("documents.search")} .value=${state.search}
        @input=${(event) => changed({ search: event.target.value })}>
      <label class="hidden" for="sort">${t("documents.sort")}</label>
      <select id="sort" @change=${(event) => changed(prefer("sort", event.target.value))}>
        ${CHOICES.sort.map((order) => html`<option value=${order} ?selected=${order === preference("sort")}>${t(`documents.sort.${order}`)}</option>`)}
      </select>
    </div>`;
}

function ticking(shown) {
  const { size: ticked } = state.onlyIn;
  return html`
    <p class="quiet ticking">${ticked ? t("documents.ticked", { count: ticked }) : t("documents.hint")}
      ${ticked
        ? html`<button type="button" class="link" @click=${() => changed({ onlyIn: new Set() })}>${t("documents.untick")}</button>`
        : state.search && shown.length
          ? html`<button type="button" class="link" @click=${() => changed({ onlyIn: new Set(shown.map(({ name }) => name)) })}>${t("documents.tickShown")}</button>`
          : nothing}</p>`;
}

function isFound(text) {
  return state.search.toLowerCase().split(/\s+/).every((word) => text.toLowerCase().includes(word));
}

function unread() {
  const found = state.unread.filter((each) => isFound(each.name));
  if (!found.length) return nothing;
  return html`
    <h3 id="unread">${t("documents.unread")}</h3>
    <ul class="unread" aria-labelledby="unread">
      ${found.slice(0, MOST).map(
        (file) => html`<li><span class="name">${nameView(file.name)}</span>
          <p class="fault"><span class="badge warning">${statusOf(file.status)}</span> ${asSentence(file.reason ?? "")}</p></li>`,
      )}
    </ul>
    ${found.length > MOST ? html`<p class="quiet">${t("documents.more", { count: found.length - MOST })}</p>` : nothing}`;
}

const statusOf = (status) => known(`status.${status}`, status);

// Sorted by name, the documents of a folder stand below its name, which ticks all of them, those of a long list that are
// not shown, too.
function folderRow(shown, place, found) {
  const folder = folderOf(shown[place].name);
  if (preference("sort") !== "name" || !folder || (place && folderOf(shown[place - 1].name) === folder)) return nothing;
  const names = found.map(({ name }) => name).filter((name) => folderOf(name) === folder);
  const ticked = names.filter((name) => state.onlyIn.has(name)).length;
  const tick = () => {
    const onlyIn = new Set(state.onlyIn);
    for (const name of names) if (ticked < names.length) onlyIn.add(name); else onlyIn.delete(name);
    changed({ onlyIn });
  };
  return html`
    <li class="folder">
      <label><input type="checkbox" .checked=${ticked === names.length} .indeterminate=${ticked > 0 && ticked < names.length} @change=${tick}
        aria-label=${t("documents.folder", { name: folder })}></label>
      ${icon("folder")}<span class="name">${nameView(folder)}</span>
    </li>`;
}

function documentRow(document) {
  // A later run reports the document as unchanged, still with the reason why parts are missing.
  const status = isWell(document.status) && document.reason ? "partial" : document.status;
  const title = oneLine(document.title);
  const isTitled = title && !isMadeOf(title, document.name);
  const shownName = preference("sort") === "name" ? document.name.slice(folderOf(document.name).length).replace(/^\//, "") : document.name;
  const told = [t("documents.pages", { count: document.pages }), size(document.size), document.added ? ago(document.added) : ""].filter(Boolean);
  return html`
    <li class="${state.onlyIn.has(document.name) ? "ticked" : ""}">
      <label>
        <input type="checkbox" .checked=${state.onlyIn.has(document.name)} @change=${() => toggle(document.name)}
          aria-label=${t("documents.only", { name: document.name })}>
      </label>
      ${fileIcon(document.name)}
      <div class="item">
        <button type="button" class="row-title" @click=${(event) => open({ documentId: document.id, page: 1, start: 0, end: 0 }, event.currentTarget)}>
          ${isTitled ? html`<span class="title">${title}</span> ` : nothing}<span class=${isTitled ? "file" : "title"}>${nameView(shownName)}</span></button>
        <p class="quiet told" title=${document.added ? t("documents.added", { ago: ago(document.added) }) : nothing}>${told.map((each) => html`<span>${each}</span> `)}</p>
        ${isWell(status) ? nothing : html`<p class="fault"><span class="badge warning">${statusOf(status)}</span> ${asSentence(document.reason ?? "")}</p>`}
        ${removal(document.name)}
      </div>
      <span class="row-actions">${guideButton(document)}${canRemove() ? removalButton(document.name) : nothing}</span>
    </li>`;
}

// On a phone the list covers the guide.
const small = matchMedia("(max-width: 48rem)");

function guideButton({ id, name }) {
  if (!state.collection || state.collection.state === "off") return nothing;
  const label = t("guide.show", { name });
  const show = (event) => {
    if (small.matches) changed({ panel: null });
    openGuide(id, event.currentTarget);
  };
  return html`<button type="button" class="icon-button" aria-label=${label} title=${t("guide.show.title")} @click=${show}>${icon("guide")}</button>`;
}

function toggle(name) {
  const onlyIn = new Set(state.onlyIn);
  if (!onlyIn.delete(name)) onlyIn.add(name);
  changed({ onlyIn });
}
