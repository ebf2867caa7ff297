// Uploads, if the operator has turned them on: files are sent one after the other, then the ingest job is started, and
// its status is shown while it runs.

import { refresh } from "./library.js";
import { known, t } from "./messages.js";
import { nameView } from "./names.js";
import * as service from "./service.js";
import { changed, say, state } from "./state.js";
import { html, nothing } from "./vendor/lit-html.js";
import { isWell, size } from "./wording.js";

const LOOK_EVERY = 700;
const NAME_TAKEN = 409;

let adminKey = "";

export const isEnabled = () => Boolean(state.info?.adding?.enabled);

export function adding() {
  const { max_bytes: most, suffixes } = state.info.adding;
  const { files = [], job = null, problem = null, busy = false } = state.adding ?? {};
  return html`
    <section class="panel" aria-label=${t("adding.region")}>
      <h2>${t("adding.region")}</h2>
      <form @submit=${(event) => event.preventDefault()}>
        <label for="admin-key">${t("adding.key")}</label>
        <input id="admin-key" type="password" autocomplete="off" .value=${adminKey} @input=${(event) => (adminKey = event.target.value.trim())} @change=${look}>
        <label class="target">
          <span>${t("adding.choose", { suffixes: suffixes.join(", "), size: size(most) })}</span>
          <input type="file" multiple accept=${suffixes.join(",")} ?disabled=${busy} @change=${chosen}>
        </label>
      </form>
      ${problem ? html`<p class="problem" role="alert">${problem}</p>` : nothing}
      <ul class="files">${files.map(fileRow)}</ul>
      ${job ? jobView(job) : nothing}
    </section>`;
}

function fileRow(file) {
  return html`
    <li>
      <span class="name">${nameView(file.name)}</span>
      <progress aria-label=${t("adding.sending", { name: file.name })} max=${file.size || 1} value=${file.sent}></progress>
      <p class=${file.problem ? "fault" : "quiet"}>${file.problem ?? (file.done ? t("adding.sent") : size(file.size))}
        ${file.exists ? html`<button type="button" class="link" ?disabled=${Boolean(state.adding.busy)} @click=${() => replace(file)}>${t("adding.replace")}</button>` : nothing}</p>
    </li>`;
}

function jobView(job) {
  const running = job.state === "running";
  return html`
    <h3>${running ? known(`adding.${job.stage}`, t("adding.reading")) : t(job.state === "failed" ? "adding.failed" : "adding.done")}</h3>
    ${running ? html`<progress aria-label=${t("adding.ingest")} max="1" value=${job.share}></progress>` : nothing}
    ${running && job.total ? html`<p class="quiet">${t("adding.of", job)}</p>` : nothing}
    ${job.error ? html`<p class=${running ? "notice" : "problem"} role="alert">${job.error}</p>` : nothing}
    <ul class="report" aria-label=${t("adding.report")}>
      ${job.files.map(
        (file) => html`<li><span class="name">${nameView(file.name)}</span> <span class=${isWell(file.status) ? "badge" : "badge warning"}>${file.status}</span>
          <p class="quiet">${file.pages ? t("documents.pages", { count: file.pages }) : ""} ${file.reason ?? ""}</p></li>`,
      )}
    </ul>`;
}

function chosen(event) {
  send([...event.target.files]);
  event.target.value = "";
}

// Files that were dropped anywhere on the page: the panel has what is needed to send them.
export function dropOnPage(files) {
  changed({ panel: "adding" });
  send(files);
}

function send(files) {
  if (state.adding?.busy || !files.length) return;
  // They are sent when the key is there.
  if (!adminKey) return update({ problem: t("adding.keyNeeded"), held: files });
  update({ files: files.map((file) => ({ file, name: file.name, size: file.size, sent: 0 })), problem: null, job: null });
  return run(state.adding.files, false);
}

function replace(row) {
  Object.assign(row, { problem: null, exists: false, sent: 0 });
  return run([row], true);
}

async function run(rows, replacing) {
  update({ busy: true });
  for (const row of rows) await sendOne(row, replacing);
  if (rows.some((row) => row.done)) await ingest(() => service.startIngest(adminKey));
  update({ busy: false });
}

async function sendOne(row, replacing) {
  if (row.size > state.info.adding.max_bytes) {
    row.problem = t("adding.larger", { size: size(state.info.adding.max_bytes) });
    return update({});
  }
  const progress = (sent) => {
    row.sent = sent;
    update({});
  };
  try {
    await service.upload(row.file, { bearer: adminKey, replace: replacing, progress });
    Object.assign(row, { done: true, sent: row.size });
  } catch (problem) {
    const taken = problem.status === NAME_TAKEN && !replacing;
    Object.assign(row, { problem: taken ? t("adding.taken") : said(problem), exists: taken, sent: 0 });
  }
  update({});
}

// A run that is in progress when the page is opened is shown, too.
async function look() {
  if (!adminKey || state.adding?.busy) return;
  const held = state.adding?.held ?? [];
  update({ problem: null, held: [] });
  if (held.length) return send(held);
  try {
    const job = await service.ingest(adminKey);
    // Not busy before: the click that left the key's field would meet a disabled button.
    if (job.state !== "running" || state.adding?.busy) return;
    update({ busy: true });
    await ingest(() => job);
    update({ busy: false });
  } catch (problem) {
    update({ problem: said(problem) });
  }
}

async function ingest(begin) {
  try {
    let job = await begin();
    if (job.state === "idle") return;
    say(t("adding.said.reading"));
    while (job.state === "running") {
      update({ job, problem: null });
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
      job = await standing(job);
    }
    update({ job });
    await refresh();
    say(t(job.state === "failed" ? "adding.said.failed" : "adding.said.added"));
  } catch (problem) {
    update({ problem: said(problem) });
  }
}

const said = (problem) => (problem.status === 401 ? t("adding.keyRefused") : problem.message);

// Status of the run; the last known one while the service cannot be reached.
async function standing(job) {
  try {
    return await service.ingest(adminKey);
  } catch (problem) {
    if (problem.status) throw problem;
    update({ problem: problem.message });
    return job;
  }
}

function update(changes) {
  changed({ adding: { ...(state.adding ?? {}), ...changes } });
}
