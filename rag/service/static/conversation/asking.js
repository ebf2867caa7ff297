// Sending a question and receiving its answer: one turn of the conversation.

import { isEmpty } from "../adding/sending.js";
import { alsoAsk, choose } from "../collections.js";
import { t } from "../messages.js";
import { preference } from "../preferences.js";
import * as service from "../service.js";
import { changed, restingPanel, say, state } from "../state.js";
import { asSentence, missing, reason, said, status } from "../wording.js";
import { keep, titleOf } from "./history.js";

const MOST_HISTORY = 6;
const LONGEST_ANSWER = 4000;
const QUEUE_FULL = 503;
export const TOO_MANY = 429;
const TOO_LARGE = 413;
const TICK = 1000;
const WORKING = ["waiting", "searching", "reading", "writing"];

let turns = 0;

export async function ask(question, documents = [...state.onlyIn]) {
  const history = earlier(state.turns);
  // Documents that are ticked are of the chosen collection.
  const turn = { id: ++turns, question, documents, also: documents.length ? [] : [...state.also] };
  for (const before of state.turns) before.editing = false;
  begun(turn);
  changed({ turns: [...state.turns, turn], draft: "" });
  await run(turn, history);
}

// The earlier answer is kept, and shown again where no other one comes. A second click finds the first one at work.
export function again(turn) {
  if (running()) return undefined;
  const position = state.turns.indexOf(turn);
  begun(turn);
  changed();
  return run(turn, earlier(state.turns.slice(0, position)));
}

// The last question, put otherwise: its answer goes.
export function askOtherwise(turn, question) {
  Object.assign(turn, { question, answer: undefined, editing: false });
  return again(turn);
}

function begun(turn) {
  delete turn.feedback;
  delete turn.suggested;
  const abort = new AbortController();
  Object.assign(turn, { ...nothingYet(), phase: "searching", problem: null, abort, began: Date.now(), editing: false });
}

// What comes of an answer before it is whole.
const nothingYet = () => ({ passages: [], sentences: [], citations: [] });

// At once, and not when the connection is closed: the next question may come with the next key.
export function stop(turn) {
  turn.abort.abort();
  turn.phase = "stopped";
  say(t("answer.stopped"));
}

export const isWorking = (turn) => WORKING.includes(turn.phase);
export const running = () => state.turns.find(isWorking);

// The seconds that an answer takes are shown while it is made.
setInterval(() => running() && changed(), TICK);

const newId = () => crypto.randomUUID?.() ?? String(Math.random());

export function begin() {
  leave();
  changed({ turns: [], conversation: newId(), panel: restingPanel(), guide: null });
}

// What is at work for a conversation that is left ends.
function leave() {
  const turn = running();
  if (turn) stop(turn);
}

export function reopen(conversation) {
  leave();
  choose(conversation.collection ?? service.DEFAULT);
  for (const { answer } of conversation.turns) service.keepHomes(answer?.citations);
  alsoAsk(conversation.turns.at(-1)?.also ?? []);
  const reopened = conversation.turns.map((turn) => ({ ...turn, ...nothingYet(), id: ++turns, phase: "done" }));
  changed({ turns: reopened, conversation: conversation.id, panel: restingPanel(), guide: null });
}

// History for a follow-up question: answered turns only.
function earlier(before) {
  return before
    .filter((turn) => turn.answer)
    .slice(-MOST_HISTORY)
    .map((turn) => ({ question: turn.question, answer: turn.answer.answer.slice(0, LONGEST_ANSWER) }));
}

async function run(turn, history) {
  const { abort } = turn;
  say(t("progress.searching"));
  try {
    const length = preference("length");
    const strictness = preference("strictness");
    const body = {
      question: turn.question, documents: turn.documents, history,
      ...(length === "normal" ? {} : { length }), ...(strictness === "normal" ? {} : { strictness }),
    };
    for await (const [name, data] of service.ask(body, turn.also ?? [], abort.signal)) {
      // Events may still come that were sent before it was stopped.
      if (abort.signal.aborted) return;
      note(turn, name, data);
      changed();
      // Before the stream ends: the conversation may be left then.
      if (name === "answer") answered(turn);
    }
  } catch (error) {
    // A whole answer stays one, whatever becomes of its connection.
    if (!abort.signal.aborted && turn.phase !== "done") fail(turn, error);
  }
}

function answered(turn) {
  say(spoken(turn.answer));
  keepNow(turn);
}

function note(turn, name, data) {
  service.keepHomes(data.passages ?? data.citations);
  if (name === "status" && data.state === "waiting") {
    Object.assign(turn, { phase: "waiting", position: data.position, estimate: data.estimate_seconds });
    say(status(turn));
  }
  if (name === "status" && data.state === "accepted") turn.requestId = data.request_id;
  if (name === "passages") Object.assign(turn, { phase: "reading", passages: data.passages });
  if (name === "sentence") {
    const [sentences, citations] = [[...turn.sentences, data.sentence], [...turn.citations, ...data.citations]];
    Object.assign(turn, { phase: "writing", sentences, citations });
  }
  if (name === "answer") Object.assign(turn, { phase: "done", answer: data });
}

function fail(turn, error) {
  if (error instanceof service.Problem) {
    const { requestId, retryAfter, status: code, message: detail } = error;
    Object.assign(turn, { phase: "failed", problem: { requestId, retryAfter, status: code, detail } });
    say(t("answer.said", { head: t("turn.notAnswered"), text: detailOf(turn.problem) }));
    if (service.lacksKey(error)) changed({ keyNeeded: true });
  } else {
    Object.assign(turn, { phase: "failed", problem: { detail: t("service.defect", { detail: error }) } });
    console.error(error);
  }
  changed();
}

// What a person can do about a problem; else the service's own words.
export function detailOf({ status, retryAfter, detail }) {
  if (status === TOO_MANY && retryAfter) return t("turn.tooMany", { count: retryAfter });
  if (status === TOO_LARGE) return t("turn.tooLarge");
  return status === QUEUE_FULL && isEmpty() ? t("welcome.empty") : asSentence(detail);
}

// It may be asked again later, as it is.
export const isBusy = (problem) => [QUEUE_FULL, TOO_MANY].includes(problem.status);

function spoken(answer) {
  const head = (!answer.answered && reason(answer)) || t("answer.answered");
  const citations = answer.citations.length ? t("answer.citations", { count: answer.citations.length }) : "";
  return [t("answer.said", { head, text: said(answer) }), missing(answer), citations].filter(Boolean).join(" ");
}

// Keeps the conversation as it is now, if the turn that has changed is of it.
export function keepNow(turn) {
  if (!state.turns.includes(turn)) return;
  const collection = state.chosen === service.DEFAULT ? {} : { collection: state.chosen };
  changed({ past: keep({ id: state.conversation, title: titleOf(state.conversation), time: Date.now(), turns: kept(), ...collection }) });
}

function kept() {
  return state.turns
    .filter((turn) => turn.answer)
    .map(({ question, documents, also, answer, feedback }) => ({
      question, documents, answer, ...(also?.length ? { also } : {}), ...(feedback?.kept ? { feedback } : {}),
    }));
}
