// Earlier conversations, stored in this browser only.

const KEPT = "pageproof.conversations";
const MOST = 30;

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

// Newest first. When the storage quota is exceeded, the oldest are dropped.
export function keep(conversation) {
  let kept = [conversation, ...past().filter((each) => each.id !== conversation.id)].slice(0, MOST);
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
