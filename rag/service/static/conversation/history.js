// Earlier conversations, stored in this browser only.

const KEPT = "pageproof.conversations";
export const MOST = 30;

export function past() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT) ?? "[]");
    if (!Array.isArray(kept)) return [];
    return kept.filter((each) => Array.isArray(each?.turns) && each.turns.length).map(current);
  } catch {
    return [];
  }
}

// Answers that an earlier version kept get the fields that it did not have.
function current(conversation) {
  const answers = (turn) => turn.answer && withParts(withCertainty(turn.answer));
  return { ...conversation, turns: conversation.turns.map((turn) => ({ ...turn, answer: answers(turn) })) };
}

function withParts(answer) {
  const sentences = answer.sentences.map((sentence) => ({ kind: "lead", confidence: null, ...sentence }));
  return { short_answer: null, form: "fact", missing: [], ...answer, sentences };
}

// Before certainty was a field it stood in the text.
function withCertainty(answer) {
  if (!answer?.answered || answer.certainty !== undefined) return answer;
  const text = answer.answer.replace(/^Possibly: /, "");
  return { ...answer, answer: text, certainty: text === answer.answer ? "stated" : "possible" };
}

// The name that a person gave; undefined where nobody did.
export const titleOf = (id) => past().find((each) => each.id === id)?.title;

export const nameOf = (conversation) => conversation.title || conversation.turns[0]?.question || "";

// Newest first. When the storage quota is exceeded, the oldest are dropped.
export const keep = (conversation) => store([conversation, ...past().filter((each) => each.id !== conversation.id)]);

// An empty title is that of the first question again.
export const rename = (id, title) => store(past().map((each) => (each.id === id ? { ...each, title: title.trim() || undefined } : each)));

export const remove = (id) => store(past().filter((each) => each.id !== id));

// Puts back what was removed, where it was in time.
export const restore = (conversation) => store([...past(), conversation].sort((one, other) => other.time - one.time));

function store(conversations) {
  let kept = conversations.slice(0, MOST);
  if (!kept.length) return forget();
  while (kept.length) {
    try {
      localStorage.setItem(KEPT, JSON.stringify(kept));
      return kept;
    } catch {
      kept = kept.slice(0, -1);
    }
  }
  return kept;
}

export function forget() {
  try {
    localStorage.removeItem(KEPT);
  } catch {
    // No storage is available: nothing is kept.
  }
  return [];
}

// Those in which every word of a search stands, in a question or an answer.
export function search(conversations, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const textOf = ({ title, turns }) =>
    [title, ...turns.flatMap((turn) => [turn.question, turn.answer?.answer])].filter(Boolean).join("\n").toLowerCase();
  return words.length ? conversations.filter((each) => words.every((word) => textOf(each).includes(word))) : conversations;
}
