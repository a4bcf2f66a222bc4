// Applies the chosen colours before the first paint, so it is a classic script.
(() => {
  try {
    const theme = localStorage.getItem("moderado.theme");
    if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
  } catch {
    // Storage is forbidden: use the colours of the system.
  }
})();
