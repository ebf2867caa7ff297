// Earlier conversations, in this browser and nowhere else.

const KEPT = "pageproof.conversations";
const MOST = 30;

export function past() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT) ?? "[]");
    return Array.isArray(kept) ? kept.filter((each) => Array.isArray(each?.turns) && each.turns.length) : [];
  } catch {
    return [];
  }
}

// The newest first. Where the browser has no room, the oldest go.
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
    // There is nothing kept where nothing can be.
  }
  return [];
}
