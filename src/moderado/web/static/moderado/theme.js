// Before the first paint: the colours that were chosen here, if any. (A classic script on purpose.)
(() => {
  try {
    const theme = localStorage.getItem("moderado.theme");
    if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
  } catch {
    // Storage is forbidden: the system's colours it is.
  }
})();
