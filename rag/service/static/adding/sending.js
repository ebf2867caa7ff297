// Uploads, if the operator has turned them on. The first file is sent alone and read at once, so that it can be asked
// about while the others are read: they are sent when the run for the first one knows its files, and get a run of theirs.

import { t } from "../messages.js";
import { refresh } from "../served.js";
import * as service from "../service.js";
import { changed, say, state } from "../state.js";
import { size } from "../wording.js";

const LOOK_EVERY = 700;
const NAME_TAKEN = 409;
// Stages in which a run does not know yet which files it will read.
const OPEN_STAGES = ["waiting", "starting", "checking"];

let key = "";
// The loop that follows the ingest job, while there is one.
let following = null;

export const isEnabled = () => Boolean(state.info?.adding?.enabled);
export const needsKey = () => Boolean(state.info?.adding?.needs_key);
export const adminKey = () => key;
export const useAdminKey = (text) => (key = text.trim());

// No document has been added yet: nothing is wrong.
export const isEmpty = () => !state.documents.length && Boolean(state.index || state.info?.index === null);

// Whether documents can be removed now.
export const canRemove = () => isEnabled() && (!needsKey() || Boolean(key));

// Files that were chosen, or dropped anywhere on the page: the panel shows what becomes of them.
export function send(files) {
  if (!files.length && !state.adding?.held?.length) return undefined;
  changed({ panel: "adding" });
  const held = [...(state.adding?.held ?? []), ...files];
  // They are sent when the key is there, or when those before them have been read.
  if (needsKey() && !key) return update({ problem: t("adding.keyNeeded"), held });
  if (state.adding?.busy) return update({ held });
  const rows = held.map((file) => ({ file, name: file.name, size: file.size, sent: 0 }));
  const earlier = (state.adding?.files ?? []).filter((row) => !rows.some(({ name }) => name === row.name));
  update({ files: [...earlier, ...rows], problem: null, job: null, held: [] });
  return run(rows, false);
}

export function replace(row) {
  if (state.adding?.busy) return undefined;
  Object.assign(row, { problem: null, exists: false, sent: 0, begun: false });
  return run([row], true);
}

async function run(rows, replacing) {
  update({ busy: true });
  // The smallest first: it is ready soonest.
  const waiting = [...rows].sort((one, other) => one.size - other.size);
  let first = false;
  while (waiting.length && !first) first = await sendOne(waiting.shift(), replacing);
  try {
    if (first) await readAll(waiting, replacing);
  } catch (problem) {
    update({ problem: said(problem) });
  }
  update({ busy: false });
  // What was dropped meanwhile.
  if (state.adding.held?.length) send([]);
}

// With the first file in the folder.
async function readAll(others, replacing) {
  await begin();
  if (others.length) {
    await untilItKnowsItsFiles();
    for (const row of others) await sendOne(row, replacing);
    if (others.some((row) => row.done)) await begin();
  }
  await following;
}

// True if the file is in the folder now.
async function sendOne(row, replacing) {
  if (row.size > state.info.adding.max_bytes) {
    row.problem = t("adding.larger", { size: size(state.info.adding.max_bytes) });
    update({});
    return false;
  }
  row.begun = true;
  const progress = (sent) => {
    row.sent = sent;
    update({});
  };
  try {
    const { name, sha256 } = await service.upload(row.file, { bearer: key, replace: replacing, progress });
    Object.assign(row, { done: true, settled: false, name, id: sha256, sent: row.size });
  } catch (problem) {
    const taken = problem.status === NAME_TAKEN && !replacing;
    Object.assign(row, { problem: taken ? t("adding.taken") : said(problem), exists: taken, sent: 0 });
  }
  update({});
  return Boolean(row.done);
}

// Takes a document out of the folder and, with a run, out of the index.
export async function remove(name) {
  if (state.adding?.busy) return;
  update({ busy: true, problem: null });
  try {
    const { kept } = await service.remove(name, key);
    await begin();
    await following;
    const told = t("adding.removed", { name, kept });
    changed({ removing: null, removed: told });
    say(told);
  } catch (problem) {
    changed({ removing: { name, problem: said(problem) } });
    say(said(problem));
  }
  update({ busy: false });
}

// A run that is in progress when the page is opened is shown, too.
export async function look() {
  if (!isEnabled() || (needsKey() && !key) || state.adding?.busy) return;
  if (state.adding) update({ problem: null });
  if (state.adding?.held?.length) {
    send([]);
    return;
  }
  try {
    const job = await service.ingest(key);
    // Not busy before: the click that left the key's field would meet a disabled button.
    if (job.state !== "running" || state.adding?.busy) return;
    update({ busy: true });
    await follow(job);
    update({ busy: false });
  } catch (problem) {
    update({ problem: said(problem) });
  }
}

async function begin() {
  const job = await service.startIngest(key);
  update({ job, problem: null });
  following ??= follow(job);
}

async function follow(job) {
  say(t("adding.said.reading"));
  try {
    while (job.state === "running") {
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
      const now = await standing(job);
      // Another run has begun: what the one before it has read can be asked about.
      if (now.started !== job.started) await settled(now);
      job = now;
      update({ job });
    }
    await settled(job);
    say(t(job.state === "failed" ? "adding.said.failed" : "adding.said.added"));
  } catch (problem) {
    update({ problem: said(problem) });
  }
  following = null;
}

// Files that were sent before a run began have been read by it.
async function settled(now) {
  await refresh();
  const isRead = (row) => row.done && (now.state !== "running" || Boolean(state.documents.find(({ id }) => id === row.id)));
  for (const row of state.adding?.files ?? []) if (isRead(row)) row.settled = true;
  update({});
}

async function untilItKnowsItsFiles() {
  const isOpen = () => state.adding.job?.state === "running" && OPEN_STAGES.includes(state.adding.job.stage);
  while (following && isOpen()) await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY / 7));
}

const said = (problem) => (problem.status === 401 ? t("adding.keyRefused") : problem.message);

// Status of the run; the last known one while the service cannot be reached.
async function standing(job) {
  try {
    return await service.ingest(key);
  } catch (problem) {
    if (problem.status) throw problem;
    update({ problem: problem.message });
    return job;
  }
}

function update(changes) {
  changed({ adding: { ...(state.adding ?? {}), ...changes } });
}
