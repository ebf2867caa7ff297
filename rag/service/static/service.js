// Client of the HTTP API (docs/api.md). No other module sends requests.

import { isEnglish, known, t } from "./messages.js";

const KEY = "pageproof.key";
const PICTURES = 24;
const LAYOUTS = 8;
// The path under which the service is offered, empty for /; a proxy may put it elsewhere.
const ROOT = new URL("..", import.meta.url).pathname.replace(/\/$/, "");

// Details are in English: on another page the text of the status says it, with the detail where only that tells more.
function wordsOf({ status, title, detail }) {
  const words = detail || title;
  return isEnglish() ? words : known(`problem.${status}`, words, { detail: words });
}

// Error from an application/problem+json response.
export class Problem extends Error {
  constructor(fields) {
    super(wordsOf(fields));
    this.status = fields.status;
    this.title = fields.title;
    this.requestId = fields.request_id;
    this.retryAfter = fields.retry_after_seconds;
  }
}

// The collection that everything is asked of; the default one is not named.
export const DEFAULT = "default";
let collection = DEFAULT;
export const useCollection = (name) => (collection = name);

// Where several collections were asked as one: the one that each cited document is of.
const homes = new Map();
export const homeOf = (id) => homes.get(id) ?? collection;

export function keepHomes(found) {
  for (const { document_id: id, collection: home } of found ?? []) if (home) homes.set(id, home);
}

// A path with a collection among its parameters.
function within(path, name = collection) {
  return name === DEFAULT ? path : `${path}${path.includes("?") ? "&" : "?"}collection=${encodeURIComponent(name)}`;
}

const ofDocument = (id, path) => within(`/documents/${id}${path}`, homeOf(id));

const unreachable = () =>
  new Problem({ status: 0, title: "No connection", detail: t("service.unreachable") });

let key = "";
try {
  key = sessionStorage.getItem(KEY) ?? "";
} catch {
  // Without storage, the page asks for the key again.
}

export function useKey(text) {
  key = text.trim();
  try {
    sessionStorage.setItem(KEY, key);
  } catch {
    // As above.
  }
}

// Headers are bytes: the key is sent in UTF-8, as the service compares it.
const authorizationOf = (text) => `Bearer ${String.fromCharCode(...new TextEncoder().encode(text))}`;

export const hasKey = () => Boolean(key);

async function request(path, { headers = {}, bearer = key, ...options } = {}) {
  const authorization = bearer ? { Authorization: authorizationOf(bearer) } : {};
  let response;
  try {
    response = await fetch(ROOT + path, { headers: { ...authorization, ...headers }, credentials: "omit", ...options });
  } catch (error) {
    throw error.name === "AbortError" ? error : unreachable();
  }
  if (response.ok) return response;
  const problem = Object.assign(await problemOf(response), { bearer });
  // The detail is for programs that send a key; the page asks for it instead.
  if (lacksKey(problem)) problem.message = t("key.needed");
  throw problem;
}

// Whether the current key was refused; a response to a request with an earlier key does not count.
export const lacksKey = (problem) => problem.status === 401 && problem.bearer === key;

async function problemOf(response) {
  const told = { status: response.status, title: response.statusText, request_id: response.headers.get("X-Request-ID") };
  try {
    return new Problem({ ...told, ...(await response.json()) });
  } catch {
    return new Problem(told);
  }
}

async function json(path, options) {
  return (await request(path, options)).json();
}

export const sendFeedback = (id, body) =>
  json(within(`/answers/${id}/feedback`), { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
export const collections = () => json("/collections");
export const makeCollection = (name, bearer) =>
  json("/collections", { method: "POST", bearer, headers: { "Content-Type": "application/json" }, body: JSON.stringify({ name }) });
export const info = () => json(within("/info"));
export const ready = () => json("/readyz");
export const documents = (name = collection) => json(within("/documents", name));
export const page = (id, number, start, end) => json(ofDocument(id, `/pages/${number}?start=${start}&end=${end}`));
export const guide = (id) => json(ofDocument(id, "/guide"));
export const collectionGuide = () => json(within("/guide"));
export const words = (id, number) => json(ofDocument(id, `/pages/${number}/words`));
export const search = (id, text) => json(ofDocument(id, `/search?text=${encodeURIComponent(text)}`));

// Sizes and headings of all pages of a document, as one generation of the index has them.
const layouts = new Map();

export function pages(id, index) {
  const path = ofDocument(id, "/pages");
  const name = `${index} ${path}`;
  if (!layouts.has(name)) {
    const asked = json(path);
    asked.catch(() => layouts.delete(name));
    layouts.set(name, asked);
  }
  if (layouts.size > LAYOUTS) layouts.delete(layouts.keys().next().value);
  return layouts.get(name);
}

// Server-Sent Events of an answer, as pairs of name and data. Ending the iteration, or the signal, stops the work.
// `also` are further collections that are asked.
export async function* ask(question, also, signal) {
  const chosen = also.length ? { collections: [collection, ...also] } : collection === DEFAULT ? {} : { collection };
  const response = await request("/ask", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ...question, ...chosen, stream: true }),
    signal,
  });
  const requestId = response.headers.get("X-Request-ID");
  let whole = false;
  try {
    for await (const [name, data] of events(response.body.pipeThrough(new TextDecoderStream()))) {
      if (name === "error") throw new Problem(data);
      whole = name === "answer";
      yield [name, data];
    }
  } catch (error) {
    throw error instanceof Problem || error.name === "AbortError" ? error : unreachable();
  }
  if (!whole) {
    throw new Problem({ status: 0, title: "Broken off", detail: t("service.broken"), request_id: requestId });
  }
}

async function* events(stream) {
  let rest = "";
  const reader = stream.getReader();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const blocks = (rest + value).split(/\r?\n\r?\n/);
      rest = blocks.pop();
      for (const block of blocks) {
        const event = eventOf(block);
        if (event) yield event;
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function eventOf(block) {
  let name = "message";
  const data = [];
  for (const line of block.split(/\r?\n/)) {
    if (line.startsWith("event:")) name = line.slice(6).trim();
    if (line.startsWith("data:")) data.push(line.slice(5).trim());
  }
  return data.length ? [name, JSON.parse(data.join("\n"))] : null;
}

// Cache of blob URLs of page images, which are fetched with the key.
const pictures = new Map();

export async function picture(id, number) {
  const path = ofDocument(id, `/pages/${number}.png`);
  const known = pictures.get(path) ?? URL.createObjectURL(await (await request(path)).blob());
  pictures.delete(path);
  pictures.set(path, known);
  if (pictures.size > PICTURES) {
    const [oldest, address] = pictures.entries().next().value;
    URL.revokeObjectURL(address);
    pictures.delete(oldest);
  }
  return known;
}

// Decoded before it is inserted, so that the page and its highlight appear together.
export async function decodedPicture(id, number) {
  const image = new Image();
  image.src = await picture(id, number);
  await image.decode();
  return image.src;
}

export async function file(id) {
  return URL.createObjectURL(await (await request(ofDocument(id, "/file"))).blob());
}

export const ingest = (bearer) => json(within("/ingest"), { bearer });
export const startIngest = (bearer) => json(within("/ingest"), { method: "POST", bearer });
export const remove = (name, bearer) => json(within(`/uploads?name=${encodeURIComponent(name)}`), { method: "DELETE", bearer });

// fetch reports no upload progress, so this is XMLHttpRequest.
export function upload(file, { bearer, replace, progress }) {
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest();
    sending.open("POST", `${ROOT}${within(`/uploads?name=${encodeURIComponent(file.name)}${replace ? "&replace=true" : ""}`)}`);
    if (bearer) sending.setRequestHeader("Authorization", authorizationOf(bearer));
    sending.setRequestHeader("Content-Type", "application/octet-stream");
    sending.upload.onprogress = (event) => progress(event.loaded, event.total);
    sending.onerror = () => reject(unreachable());
    sending.onload = () => {
      let told = {};
      try {
        told = JSON.parse(sending.responseText);
      } catch {
        // The status alone is reported.
      }
      if (sending.status < 300) resolve(told);
      else reject(new Problem({ status: sending.status, title: sending.statusText, ...told }));
    };
    sending.send(file);
  });
}
