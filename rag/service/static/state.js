// State of the page, in one object. It is changed with changed(), which renders the page again.

export const state = {
  info: null, // what GET /info says
  index: null, // the generation that is served
  trouble: null, // why questions cannot be answered now, in words
  documents: [],
  unread: [], // files that are not in the index, and why
  published: null,
  onlyIn: new Set(), // names of documents to search in; none means all
  search: "", // what the list of documents is searched for
  turns: [], // of this conversation
  conversation: crypto.randomUUID?.() ?? String(Math.random()),
  past: [], // earlier conversations of this browser
  draft: "", // what stands in the box
  viewer: null, // the page beside the answer
  panel: null, // "documents", "history" or "adding", where one is open
  keyNeeded: false,
  adding: null, // what is being added
  said: "", // for screen readers: what has just happened
};

let draw = () => {};
let drawing = false;

export function drawnBy(how) {
  draw = how;
}

// Several changes in one frame are rendered once.
export function changed(changes = {}) {
  Object.assign(state, changes);
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    draw();
  });
}

export function say(text) {
  changed({ said: text });
}
