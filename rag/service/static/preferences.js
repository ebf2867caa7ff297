// Settings of the person at this browser, kept in it and nowhere else.

const KEPT = "pageproof.preferences";

// The values of each setting; the first is the default.
export const CHOICES = {
  length: ["normal", "short", "full"],
  strictness: ["normal", "strict", "lenient"],
  language: ["system", "en", "de", "fr"],
  theme: ["system", "light", "dark"],
  size: ["normal", "large"],
  sort: ["name", "title", "added", "pages"],
};

const preferences = Object.fromEntries(Object.entries(CHOICES).map(([name, [first]]) => [name, first]));

export const preference = (name) => preferences[name];

export function prefer(name, value) {
  if (!CHOICES[name]?.includes(value)) return;
  preferences[name] = value;
  apply();
  const changed = Object.entries(preferences).filter(([each, chosen]) => chosen !== CHOICES[each][0]);
  try {
    if (changed.length) localStorage.setItem(KEPT, JSON.stringify(Object.fromEntries(changed)));
    else localStorage.removeItem(KEPT);
  } catch {
    // Without storage, they hold until the page is closed.
  }
}

// What CSS has to know: style/base.css.
function apply() {
  document.documentElement.dataset.theme = preferences.theme;
  document.documentElement.dataset.size = preferences.size;
}

try {
  const kept = JSON.parse(localStorage.getItem(KEPT) ?? "{}");
  for (const [name, values] of Object.entries(CHOICES)) if (values.includes(kept?.[name])) preferences[name] = kept[name];
} catch {
  // Nothing is kept, or something else under this name.
}
apply();
