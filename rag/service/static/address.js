// Routing: the document page that is shown is part of the URL, so that a link opens it, and "back" closes it.

const FORM = /^#\/documents\/([0-9a-f]{64})\/pages\/([1-9][0-9]{0,6})(?:\?start=([0-9]{1,9})&end=([0-9]{1,9})(&near)?)?$/;

// `near`: the passage is one of the nearest to the question, not a quote that supports an answer.
export function addressOf({ documentId, page, start, end, near }) {
  return `#/documents/${documentId}/pages/${page}${end ? `?start=${start}&end=${end}${near ? "&near" : ""}` : ""}`;
}

export function readAddress(hash = location.hash) {
  const found = FORM.exec(hash);
  if (!found) return null;
  const [, documentId, page, start, end, near] = found;
  return { documentId, page: Number(page), start: Number(start ?? 0), end: Number(end ?? 0), near: Boolean(near) };
}

export const linkTo = (shown) => new URL(addressOf(shown), location.href.replace(/#.*/, "")).href;
