// Texts of the page, from a catalogue: messages/<language>.js, in the chosen language, or the browser's. English has
// every text; what another catalogue lacks is shown in English.

import { MESSAGES as ENGLISH } from "./messages/en.js";
import { preference } from "./preferences.js";

// Languages that have a catalogue, by the code in its name.
const CATALOGUES = ["de", "en", "fr"];

let own = {};
const plurals = { own: null, english: new Intl.PluralRules("en") };

// The first of the browser's languages that has one; English where none has.
const ofBrowser = () =>
  (navigator.languages ?? [navigator.language])
    .map((tag) => tag.toLowerCase().split("-")[0])
    .find((code) => CATALOGUES.includes(code)) ?? "en";

// Takes the catalogue of the language that is preferred now. The page works in English, too, where it does not arrive.
export async function takeLanguage() {
  const chosen = preference("language");
  const language = CATALOGUES.includes(chosen) ? chosen : ofBrowser();
  const texts = language === "en" ? {} : await import(`./messages/${language}.js`).then((module) => module.MESSAGES, () => ({}));
  [own, plurals.own] = [texts, new Intl.PluralRules(language)];
  document.documentElement.lang = language;
}

export const isEnglish = () => document.documentElement.lang === "en";

await takeLanguage();

// The text of a key, with {names} replaced by values. Where it has plural forms, values.count chooses one.
export function t(key, values = {}) {
  const message = own[key] ?? ENGLISH[key];
  if (message === undefined) throw new Error(`no message ${key}`);
  const rules = key in own ? plurals.own : plurals.english;
  const text = typeof message === "string" ? message : (message[rules.select(values.count)] ?? message.other);
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

// The text of a key that may be missing, such as one for a status that a later service has.
export const known = (key, otherwise, values) => (key in ENGLISH ? t(key, values) : otherwise);
