// The theme: light, dark, or that of the reader's system.

const THEMES = ["auto", "light", "dark"];
const KEY = "gradlab-theme";
/** @type {Record<string, string>} */
const WORDS = { auto: "◐ auto", light: "○ light", dark: "● dark" };

/** @param {HTMLElement} button goes on to the next theme; views hear of it by `themechange` on the window. */
export function watchTheme(button) {
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");

  function apply() {
    const theme = chosenTheme();
    const isDark = theme === "dark" || (theme === "auto" && prefersDark.matches);
    document.documentElement.dataset.theme = isDark ? "dark" : "light";
    button.textContent = WORDS[theme];
    button.setAttribute("aria-label", `Theme: ${theme}`);
    window.dispatchEvent(new Event("themechange"));
  }

  button.addEventListener("click", () => {
    localStorage.setItem(KEY, THEMES[(THEMES.indexOf(chosenTheme()) + 1) % THEMES.length]);
    apply();
  });
  prefersDark.addEventListener("change", apply);
  apply();
}

function chosenTheme() {
  const theme = localStorage.getItem(KEY) ?? "";
  return THEMES.includes(theme) ? theme : THEMES[0];
}
