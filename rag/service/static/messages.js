// Texts of the page, from a catalogue in the browser's language: messages/<language>.js. English has every text; what
// another catalogue lacks is shown in English.

import { MESSAGES as ENGLISH } from "./messages/en.js";

// Languages that have a catalogue, by the code in its name.
const CATALOGUES = ["de", "en", "fr"];

// The first of the browser's languages that has one; English where none has.
const language =
  (navigator.languages ?? [navigator.language])
    .map((tag) => tag.toLowerCase().split("-")[0])
    .find((code) => CATALOGUES.includes(code)) ?? "en";

// The page works in English, too, where a catalogue does not arrive.
const own = language === "en" ? {} : await import(`./messages/${language}.js`).then((module) => module.MESSAGES, () => ({}));
const plurals = { own: new Intl.PluralRules(language), english: new Intl.PluralRules("en") };

document.documentElement.lang = language;

// The text of a key, with {names} replaced by values. Where it has plural forms, values.count chooses one.
export function t(key, values = {}) {
  const message = own[key] ?? ENGLISH[key];
  if (message === undefined) throw new Error(`no message ${key}`);
  const rules = key in own ? plurals.own : plurals.english;
  const text = typeof message === "string" ? message : (message[rules.select(values.count)] ?? message.other);
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

// The text of a key that may be missing, such as one for a status that a later service has.
export const known = (key, otherwise) => (key in ENGLISH ? t(key) : otherwise);
