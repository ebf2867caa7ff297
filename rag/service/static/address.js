// Routing: the document page that is shown is part of the URL, so that a link opens it, and "back" closes it.

import { DEFAULT } from "./service.js";

const FORM = /^#\/documents\/([0-9a-f]{64})\/pages\/([1-9][0-9]{0,6})(?:\?start=([0-9]{1,9})&end=([0-9]{1,9})(&near)?)?(?:;([a-z0-9][a-z0-9_-]{0,39}))?$/;

// `near`: the passage is one of the nearest to the question, not a quote that supports an answer. The name of the
// collection stands at the end, if it is not the default one.
export function addressOf({ documentId, page, start, end, near, collection }) {
  const quote = end ? `?start=${start}&end=${end}${near ? "&near" : ""}` : "";
  return `#/documents/${documentId}/pages/${page}${quote}${collection && collection !== DEFAULT ? `;${collection}` : ""}`;
}

export function readAddress(hash = location.hash) {
  const found = FORM.exec(hash);
  if (!found) return null;
  const [, documentId, page, start, end, near, collection = DEFAULT] = found;
  return { documentId, page: Number(page), start: Number(start ?? 0), end: Number(end ?? 0), near: Boolean(near), collection };
}

export const linkTo = (shown) => new URL(addressOf(shown), location.href.replace(/#.*/, "")).href;
