// What becomes of a file, in one line: sent, read, ready to be asked, or why not.

import { known, t } from "../messages.js";
import { state } from "../state.js";
import { asSentence, isWell, size } from "../wording.js";

const documentOf = (file) => state.documents.find((each) => each.id === file.id);

// Whether questions about it can be asked.
export const isReady = (file) => Boolean(file.done && documentOf(file));

// Text, whether it is a fault, and progress as a share of this step; null where there is none.
export function lineOf(file) {
  if (file.problem) return { text: file.problem, fault: true, progress: null };
  if (!file.done) return sendingOf(file);
  const document = documentOf(file);
  if (document) return fateOf(document);
  const told = file.settled && unreadOf(file);
  if (told) return fateOf(told);
  return state.adding?.job?.state === "running" ? readingOf(file, state.adding.job) : { text: t("adding.sent"), fault: false, progress: null };
}

function sendingOf({ sent, size: all, begun }) {
  if (!begun) return { text: size(all), fault: false, progress: null };
  const share = all ? sent / all : 0;
  return { text: t("adding.line.sending", { percent: Math.floor(share * 100) }), fault: false, progress: { share } };
}

function readingOf(file, job) {
  const at = job.reading.find((each) => each.id === file.id);
  if (at) return { text: t("adding.line.reading", at), fault: false, progress: { share: at.done / Math.max(at.total, 1) } };
  if (job.stage === "encoding") {
    const share = job.total ? job.done / job.total : 0;
    return { text: t("adding.line.encoding", { percent: Math.floor(share * 100) }), fault: false, progress: { share } };
  }
  return { text: known(`adding.line.${job.stage}`, t("adding.line.waiting")), fault: false, progress: null };
}

// From the run that has just ended; else from the list of the index, which that run has published.
function unreadOf(file) {
  const rows = [...(state.adding?.job?.files ?? []), ...state.unread];
  return rows.find((each) => each.name === file.name && !isWell(each.status));
}

// The report of a file, in words.
export function fateOf({ status, reason, pages }) {
  const partial = isWell(status) && reason;
  const words = known(`report.${partial ? "partial" : status}`, status);
  const count = pages ? t("documents.pages", { count: pages }) : "";
  const text = [isWell(status) && !partial && count ? t("report.ready", { pages: count }) : words, reason ? asSentence(reason) : ""];
  return { text: text.filter(Boolean).join(" "), fault: !isWell(status) || Boolean(partial), progress: null };
}
