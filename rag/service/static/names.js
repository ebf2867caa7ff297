// Names of files that break where a person would break them: after a separator, and where a new word begins.

import { html, nothing } from "./vendor/lit-html.js";

// After _ - . / and other marks, but not before the type at the end; between "Benefit" and "Options", "Report" and "2024".
const BREAKS = /(?<=[_\-./+,;&=()[\]])(?!(?<=\.)\w{1,8}$)(?=[^_\-./+,;&=()[\]\s])|(?<=\p{Ll})(?=\p{Lu})|(?<=\p{L}{3})(?=\p{N})/u;

export const partsOf = (name) => name.split(BREAKS);

export const nameView = (name) => partsOf(name).map((part, place) => html`${place ? html`<wbr>` : nothing}${part}`);

// The end of a long name tells more than its middle: its version and its type.
export function shortened(name, most = 40) {
  const letters = Array.from(name);
  if (letters.length <= most) return name;
  const end = Math.floor(most / 3);
  return `${letters.slice(0, most - end - 1).join("")}…${letters.slice(-end).join("")}`;
}
