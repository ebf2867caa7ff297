// The index that is served: its documents, looked up again when a new one is published.

import { lookAtAll } from "./guide/guides.js";
import { t } from "./messages.js";
import * as service from "./service.js";
import { changed, say, state } from "./state.js";
import { asSentence } from "./wording.js";

const LOOK_EVERY = 5000;

export async function refresh() {
  const asked = state.chosen;
  try {
    const { documents, unread, index, published } = await service.documents();
    if (asked !== state.chosen) return;
    const names = new Set(documents.map((each) => each.name));
    const onlyIn = new Set([...state.onlyIn].filter((name) => names.has(name)));
    const isNew = index !== state.index;
    changed({ documents, unread, index, published, onlyIn, trouble: null, keyNeeded: false });
    if (isNew) lookAtAll();
  } catch (problem) {
    if (asked === state.chosen) troubled(problem);
  }
}

// Questions cannot be sent now. If a key is needed, the form shows it.
export function troubled(problem) {
  changed(service.lacksKey(problem) ? { keyNeeded: true, trouble: null } : { trouble: asSentence(problem.message) });
}

// Follows the served generation: a new one is served as soon as it is published. A failed load is tried again.
export function followGenerations(load) {
  setInterval(async () => {
    if (document.hidden || state.keyNeeded) return;
    if (!state.info) return load();
    const asked = state.chosen;
    try {
      // The probe knows the default collection alone.
      const { index } = asked === service.DEFAULT ? await service.ready() : await service.info();
      const info = state.info.vectors || index !== state.index ? await service.info() : state.info;
      if (asked !== state.chosen) return;
      changed({ info });
      if (index === state.index && !state.trouble) return;
      const before = state.index;
      await refresh();
      if (before) say(t("documents.changed"));
    } catch (problem) {
      if (asked === state.chosen) troubled(problem);
    }
  }, LOOK_EVERY);
}
