// Documents are added: files are chosen or dropped, and each has a line that says what becomes of it.

import { make } from "../collections.js";
import { t } from "../messages.js";
import { nameView } from "../names.js";
import { DEFAULT } from "../service.js";
import { changed, state } from "../state.js";
import { html, nothing } from "../vendor/lit-html.js";
import { size } from "../wording.js";
import { isReady, lineOf } from "./file_line.js";
import { adminKey, look, needsKey, replace, send, useAdminKey } from "./sending.js";

export function adding() {
  const { files = [], job = null, problem = null } = state.adding ?? {};
  const ready = files.filter(isReady).length;
  return html`
    <section class="panel" aria-label=${t("adding.region")}>
      <h2>${t("adding.region")}</h2>
      ${needsKey() ? keyField() : nothing}
      ${state.chosen === DEFAULT ? nothing : html`<p class="quiet">${t("collections.into", { name: state.chosen })}</p>`}
      ${target()}
      ${state.canMake ? newCollection() : nothing}
      ${problem ? html`<p class="problem" role="alert">${problem}</p>` : nothing}
      ${files.length ? html`<ul class="files" aria-label=${t("adding.files")}>${files.map(fileRow)}</ul>` : nothing}
      ${ready && ready < files.length ? html`<p class="notice">${t("adding.askAlready", { count: ready, all: files.length })}</p>` : nothing}
      ${job ? jobView(job) : nothing}
    </section>`;
}

function keyField() {
  return html`
    <form @submit=${(event) => event.preventDefault()}>
      <label for="admin-key">${t("adding.key")}</label>
      <input id="admin-key" type="password" autocomplete="off" .value=${adminKey()} @input=${(event) => useAdminKey(event.target.value)} @change=${look}>
    </form>`;
}

function newCollection() {
  return html`
    <details class="new-collection">
      <summary>${t("collections.new")}</summary>
      <form @submit=${made}>
        <label for="new-collection">${t("collections.name")}</label>
        <input id="new-collection" name="name" maxlength="40" pattern="[a-z0-9]([a-z0-9_\\-]*[a-z0-9])?" autocomplete="off" autocapitalize="none" required>
        <button type="submit" ?disabled=${Boolean(state.adding?.busy)}>${t("collections.make")}</button>
      </form>
    </details>`;
}

async function made(event) {
  event.preventDefault();
  const form = event.target;
  try {
    await make(form.elements.name.value, adminKey());
    form.reset();
    form.closest("details").open = false;
    changed({ panel: "adding" });
  } catch (problem) {
    changed({ adding: { ...state.adding, problem: problem.status === 401 ? t("adding.keyRefused") : problem.message } });
  }
}

// Where files are chosen; the whole page takes those that are dropped.
export function target() {
  const { max_bytes: most, suffixes } = state.info.adding;
  return html`
    <label class="target">
      <span>${t("adding.choose", { suffixes: suffixes.join(", "), size: size(most) })}</span>
      <input type="file" multiple accept=${suffixes.join(",")} @change=${chosen}>
    </label>`;
}

function chosen(event) {
  send([...event.target.files]);
  event.target.value = "";
}

function fileRow(file) {
  const { text, fault, progress } = lineOf(file);
  return html`
    <li>
      <span class="name">${nameView(file.name)}</span>
      ${progress ? html`<progress aria-label=${t("adding.progress", { name: file.name })} max="1" value=${progress.share}></progress>` : nothing}
      <p class=${fault ? "fault" : "quiet"}>${text}
        ${file.exists ? html`<button type="button" class="link" ?disabled=${Boolean(state.adding.busy)} @click=${() => replace(file)}>${t("adding.replace")}</button>` : nothing}</p>
    </li>`;
}

function jobView(job) {
  const running = job.state === "running";
  const title = running ? t("adding.working") : t(job.state === "failed" ? "adding.failed" : "adding.done");
  return html`
    <h3>${title}</h3>
    ${running ? html`<progress aria-label=${t("adding.ingest")} max="1" value=${job.share}></progress>` : nothing}
    ${job.error ? html`<p class=${running ? "notice" : "problem"} role="alert">${job.error}</p>` : nothing}`;
}
