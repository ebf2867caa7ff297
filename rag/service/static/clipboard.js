// Text to the clipboard, and files to the folder of downloads.

import { t } from "./messages.js";
import { say } from "./state.js";

export async function copy(text, said) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without https, the Clipboard API is not available for another host; this is the older one.
    const field = document.body.appendChild(Object.assign(document.createElement("textarea"), { value: text }));
    field.select();
    document.execCommand("copy");
    field.remove();
  }
  say(said);
}

export function download(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/markdown" }));
  Object.assign(document.createElement("a"), { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
  say(t("answer.downloaded", { name }));
}

// A name for a file, from a question: letters and digits of any script.
export const fileName = (text) => `${text.toLowerCase().split(/[^\p{L}\p{N}]+/u).filter(Boolean).join("-").slice(0, 60) || "answer"}.md`;
