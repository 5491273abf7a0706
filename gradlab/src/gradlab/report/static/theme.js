// The theme: light, dark, or that of the reader's system.

const THEMES = ["auto", "light", "dark"];
const KEY = "gradlab-theme";
/** @type {Record<string, string>} */
const WORDS = { auto: "◐ auto", light: "○ light", dark: "● dark" };

/** @param {HTMLElement} button goes on to the next theme; views hear of it by `themechange` on the window. */
export function watchTheme(button) {
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  let theme = keptTheme();

  function apply() {
    const isDark = theme === "dark" || (theme === "auto" && prefersDark.matches);
    document.documentElement.dataset.theme = isDark ? "dark" : "light";
    button.textContent = WORDS[theme];
    button.setAttribute("aria-label", `Theme: ${theme}`);
    window.dispatchEvent(new Event("themechange"));
  }

  button.addEventListener("click", () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    keep(theme);
    apply();
  });
  prefersDark.addEventListener("change", apply);
  apply();
}

/** @returns {string} the theme that was chosen before. */
function keptTheme() {
  try {
    const theme = localStorage.getItem(KEY) ?? "";
    return THEMES.includes(theme) ? theme : THEMES[0];
  } catch {
    return THEMES[0]; // a page in a sandbox, such as a notebook's, keeps nothing
  }
}

/** @param {string} theme */
function keep(theme) {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // The same: the choice holds until the page is left.
  }
}
