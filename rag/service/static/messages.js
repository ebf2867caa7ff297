// Texts of the page, from a catalogue: messages/en.js. A language is another module with the same keys.

import { MESSAGES } from "./messages/en.js";

const plurals = new Intl.PluralRules("en");

// The text of a key, with {names} replaced by values. Where it has plural forms, values.count chooses one.
export function t(key, values = {}) {
  const message = MESSAGES[key];
  if (message === undefined) throw new Error(`no message ${key}`);
  const text = typeof message === "string" ? message : (message[plurals.select(values.count)] ?? message.other);
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

// The text of a key that may be missing, such as one for a status that a later service has.
export const known = (key, otherwise) => (key in MESSAGES ? t(key) : otherwise);
