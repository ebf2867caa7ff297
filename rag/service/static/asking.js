// Sending a question and receiving its answer: one turn of the conversation.

import { keep } from "./history.js";
import * as service from "./service.js";
import { changed, say, state } from "./state.js";
import { REASONS, count, missing, said, status } from "./wording.js";

const MOST_HISTORY = 6;
const LONGEST_ANSWER = 4000;
const QUEUE_FULL = 503;

let turns = 0;

export async function ask(question, documents = [...state.onlyIn]) {
  const history = earlier(state.turns);
  const turn = { id: ++turns, question, documents };
  begun(turn);
  changed({ turns: [...state.turns, turn], draft: "" });
  await run(turn, history);
}

// The current answer is shown until the next one has come.
export function again(turn) {
  const position = state.turns.indexOf(turn);
  begun(turn);
  changed();
  return run(turn, earlier(state.turns.slice(0, position)));
}

function begun(turn) {
  const abort = new AbortController();
  Object.assign(turn, { ...nothingYet(), phase: "searching", problem: null, abort });
}

// What comes of an answer before it is whole.
const nothingYet = () => ({ passages: [], sentences: [], citations: [] });

export function stop(turn) {
  turn.abort.abort();
}

export const running = () => state.turns.find((turn) => ["waiting", "searching", "reading", "writing"].includes(turn.phase));

export function begin() {
  running()?.abort.abort();
  changed({ turns: [], conversation: crypto.randomUUID?.() ?? String(Math.random()), panel: null });
}

export function reopen(conversation) {
  running()?.abort.abort();
  const reopened = conversation.turns.map((turn) => ({ ...turn, ...nothingYet(), id: ++turns, phase: "done" }));
  changed({ turns: reopened, conversation: conversation.id, panel: null });
}

// History for a follow-up question: answered turns only.
function earlier(before) {
  return before
    .filter((turn) => turn.answer)
    .slice(-MOST_HISTORY)
    .map((turn) => ({ question: turn.question, answer: turn.answer.answer.slice(0, LONGEST_ANSWER) }));
}

async function run(turn, history) {
  say("Searching the documents");
  try {
    const body = { question: turn.question, documents: turn.documents, history };
    for await (const [name, data] of service.ask(body, turn.abort.signal)) {
      note(turn, name, data);
      changed();
    }
    say(spoken(turn.answer));
    changed({ past: keep({ id: state.conversation, time: Date.now(), turns: kept() }) });
  } catch (error) {
    fail(turn, error);
  }
}

function note(turn, name, data) {
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
  if (error.name === "AbortError") {
    turn.phase = "stopped";
    say("Stopped");
  } else if (error instanceof service.Problem) {
    const { requestId, retryAfter, status: code, message: detail } = error;
    Object.assign(turn, { phase: "failed", problem: { requestId, retryAfter, status: code, detail } });
    say(`Not answered: ${error.message}`);
    if (service.lacksKey(error)) changed({ keyNeeded: true });
  } else {
    turn.phase = "failed";
    turn.problem = { title: "A defect of this page", detail: String(error) };
    console.error(error);
  }
  changed();
}

export const isBusy = (problem) => problem.status === QUEUE_FULL;

function spoken(answer) {
  const head = answer.answered ? "Answered" : REASONS[answer.reason] || "Answered";
  const citations = answer.citations.length ? count(answer.citations.length, "citation") : "";
  return [`${head}: ${said(answer)}`, missing(answer), citations].filter(Boolean).join(" ");
}

function kept() {
  return state.turns
    .filter((turn) => turn.answer)
    .map(({ question, documents, answer }) => ({ question, documents, answer }));
}
