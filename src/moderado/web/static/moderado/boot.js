// If a module cannot be loaded (the network changed), reload up to three times, then show an error.
(() => {
  const KEY = "moderado.boot";
  window.addEventListener("error", ({ target }) => {
    if (!(target instanceof HTMLScriptElement) || target.type !== "module") return;
    const tries = Number(sessionStorage.getItem(KEY));
    if (tries < 3) {
      sessionStorage.setItem(KEY, String(tries + 1));
      setTimeout(() => location.reload(), 1_000);
      return;
    }
    sessionStorage.removeItem(KEY);
    document.getElementById("boot").hidden = true;
    document.getElementById("boot-failed").hidden = false;
  }, true);
  window.addEventListener("moderado:ready", () => sessionStorage.removeItem(KEY));
})();
