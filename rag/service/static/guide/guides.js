// Guides of documents, and of all of them together, as far as the service has made them.

import * as service from "../service.js";
import { changed, changedNow, state } from "../state.js";

const LOOK_EVERY = 5000;

// Guides that are whole, by index and document: they do not change.
const whole = new Map();
let asked = 0; // of the guides that were opened: an older one that comes late is not shown

export async function guideOf(id) {
  const name = `${state.chosen} ${state.index} ${id}`;
  if (!whole.has(name)) {
    const guide = await service.guide(id);
    if (guide.state !== "ready") return guide;
    whole.set(name, guide);
  }
  return whole.get(name);
}

export function openGuide(id, from = document.activeElement) {
  changedNow({ guide: { id, from, told: null, problem: null } });
  follow(++asked);
  document.querySelector("#guide-title")?.focus({ preventScroll: true });
}

export function closeGuide() {
  const from = state.guide?.from;
  asked += 1;
  changedNow({ guide: null });
  (from?.isConnected ? from : document.querySelector("#question"))?.focus();
}

// What is not made yet is looked at again, as long as it is shown.
async function follow(number) {
  const { id } = state.guide;
  let told = null;
  let problem = null;
  try {
    told = await guideOf(id);
  } catch (error) {
    problem = error;
    if (service.lacksKey(error)) changed({ keyNeeded: true });
  }
  if (number !== asked) return;
  changed({ guide: { ...state.guide, told: told ?? state.guide.told, problem } });
  if (problem || ["waiting", "making"].includes(told.state)) setTimeout(() => number === asked && follow(number), LOOK_EVERY);
}

// The guide of all documents; the page is whole without it.
export async function lookAtAll() {
  const asked = state.chosen;
  const collection = await service.collectionGuide().catch(() => null);
  if (asked === state.chosen) changed({ collection });
}

// While nothing is asked, guides are made, and the first page shows more and more of them.
setInterval(() => state.collection?.state === "making" && !state.turns.length && !document.hidden && lookAtAll(), 3 * LOOK_EVERY);
