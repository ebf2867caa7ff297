// State of the page, in one object. It is changed with changed(), which renders the page again.

export const state = {
  info: null, // what GET /info says
  collections: [], // those that can be asked: name, and the generation that each has
  canMake: false, // whether this service makes new ones
  chosen: "default", // the name of the one that is asked
  also: [], // names of further ones that are asked with it
  elsewhere: [], // documents of these
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
  peek: null, // the citation whose quote is shown at its number
  examples: [], // questions to begin with, made of titles and headings
  collection: null, // the guide of all documents
  guide: null, // the guide of a document, where one is open
  viewer: null, // the document beside the answer
  beside: null, // a second cited page, beside the first
  find: null, // what is searched for in it
  panel: null, // "documents", "history", "settings" or "adding", where one is open
  pastSearch: "", // what the earlier conversations are searched for
  renaming: null, // the id of the one that gets another name
  forgetting: false, // whether all of them are to be, once that is confirmed
  deleted: null, // the one that was deleted last, which can be put back
  keyNeeded: false,
  dragging: false, // whether files are held over the page
  adding: null, // what is being added
  removing: null, // the document that is to be taken out, once that is confirmed
  removed: "", // what became of the one that was
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

// Renders at once, so that what has just been opened can have the focus before the next key is pressed.
export function changedNow(changes) {
  changed(changes);
  draw();
}

// If there is room, the list of documents is open where nothing else is.
const wide = matchMedia("(min-width: 70rem)");
export const restingPanel = () => (wide.matches ? "documents" : null);

export function say(text) {
  changed({ said: text });
}

// A document of the chosen collection, or of another one that is asked with it.
export const documentOf = (id) => state.documents.find((each) => each.id === id) ?? state.elsewhere.find((each) => each.id === id);
